import type { ReactNode } from "react";

interface Props {
  id: string;
  label: string;
  hint?: ReactNode | undefined;
  fault: string | null;
  children: ReactNode;
}

/** A labelled control with room for a hint and for what is wrong with it. */
export function Field({ id, label, hint, fault, children }: Props) {
  return (
    <div className={fault === null ? "field" : "field field-wrong"}>
      <label htmlFor={id}>{label}</label>
      {children}
      <Fault id={`${id}-fault`} text={fault} />
      {fault === null && hint !== undefined && <p className="hint">{hint}</p>}
    </div>
  );
}

/** Always in the page, so that a fault is read out when it appears. */
export function Fault({ id, text }: { id: string; text: string | null }) {
  return (
    <p id={id} className="fault" aria-live="polite">
      {text}
    </p>
  );
}
