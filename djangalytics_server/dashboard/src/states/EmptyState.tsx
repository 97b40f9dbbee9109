import { useSession } from "../api/useSession";
import { Code } from "./Code";
import { snippet } from "./snippet";

/** Nothing has ever been captured: how to begin. */
export function EmptyState({ origin }: { origin: string }) {
  const open = useSession().data?.project?.openCapture ?? true;
  const { shell, python } = snippet(origin, open);
  return (
    <section className="panel empty" aria-labelledby="empty-title" data-testid="empty-state">
      <p className="beat">Waiting for the first event</p>
      <h2 id="empty-title">Send it from Python</h2>
      <p>
        Install the client where your program runs, then say what happened. This page shows it the
        moment it arrives.
      </p>
      <Code text={shell} label="In the terminal" />
      <Code text={python} label="In Python" />
      {!open && <p>The write key comes from the settings of this project; it is shown once.</p>}
      <p className="hint">Or try it from here, with the form “Capture event”.</p>
    </section>
  );
}
