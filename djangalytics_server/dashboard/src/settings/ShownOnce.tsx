import { useEffect, useRef } from "react";
import { CopyButton } from "../states/CopyButton";

interface Props {
  title: string;
  words: string;
  /** What the text is: "Key", "Link". */
  label: string;
  text: string;
  onKept: () => void;
}

/** A secret at the only moment when it is known, until the reader says that it is kept. */
export function ShownOnce({ title, words, label, text, onKept }: Props) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.focus(), [text]);
  return (
    <section
      className="fresh"
      aria-label={`The new ${label.toLowerCase()}`}
      tabIndex={-1}
      ref={box}
      data-testid="shown-once"
    >
      <p>
        <strong>{title}</strong> {words}
      </p>
      <div className="code">
        <pre tabIndex={0} aria-label={label}>
          <code>{text}</code>
        </pre>
        <CopyButton text={text} label={`Copy the ${label.toLowerCase()}`} />
      </div>
      <button type="button" className="button" onClick={onKept}>
        I have kept it
      </button>
    </section>
  );
}
