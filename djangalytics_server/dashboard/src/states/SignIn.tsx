import { CopyButton } from "./CopyButton";

const COMMAND = "djangalytics-server login-link";

/** The page for someone who may not read: how to get in. */
export function SignIn() {
  return (
    <section className="panel sign-in" aria-labelledby="sign-in-title" data-testid="sign-in">
      <h2 id="sign-in-title">Sign in to see this project</h2>
      <p>On the machine where the server runs, with the same settings, type in the terminal:</p>
      <div className="code">
        <pre tabIndex={0} aria-label="Command">
          <code>{COMMAND}</code>
        </pre>
        <CopyButton text={COMMAND} label="Copy the command" />
      </div>
      <p>
        Then open the link it prints, in this browser. The link works once; this page notices by
        itself.
      </p>
    </section>
  );
}
