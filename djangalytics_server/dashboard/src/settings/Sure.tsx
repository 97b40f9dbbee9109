import { useEffect, useRef } from "react";

interface SureProps {
  question: string;
  word: string;
  danger: boolean;
  busy: boolean;
  onSure: () => void;
  onKeep: () => void;
}

/** Asks once more; the way back has the focus, so that a stray Enter changes nothing. */
export function Sure({ question, word, danger, busy, onSure, onKeep }: SureProps) {
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    <div className="entry-sure" role="group" aria-label={word}>
      <p className="small">{question}</p>
      <button type="button" className={danger ? "button danger" : "button primary"} disabled={busy} onClick={onSure}>
        {word}
      </button>
      <button type="button" className="button" ref={keep} onClick={onKeep}>
        Keep as it is
      </button>
    </div>
  );
}
