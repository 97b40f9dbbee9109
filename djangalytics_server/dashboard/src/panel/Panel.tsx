import { useId, type ReactNode } from "react";
import { Boundary } from "./Boundary";

interface Props {
  title: string;
  note?: string | undefined;
  tools?: ReactNode;
  className?: string;
  testId?: string;
  children: ReactNode;
}

/** A titled card with its own error boundary. */
export function Panel({ title, note, tools, className = "", testId, children }: Props) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id} data-testid={testId}>
      <header className="panel-head">
        <div>
          <h2 id={id}>{title}</h2>
          {note !== undefined && <p className="panel-note">{note}</p>}
        </div>
        {tools}
      </header>
      <Boundary title={title}>{children}</Boundary>
    </section>
  );
}
