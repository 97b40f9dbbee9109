import { useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { signIn } from "../api/account";
import { withProject } from "../api/project";
import { useSession } from "../api/useSession";
import { Fault, Field } from "../capture/Field";
import { CodeField } from "../settings/CodeField";
import { useChange } from "../settings/useChange";
import { useCodeAsked } from "../settings/useCodeAsked";
import { CopyButton } from "./CopyButton";

const COMMAND = "djangalytics-server login-link";

/** The page for someone who may not read: how to get in. */
export function SignIn({ toManage = false }: { toManage?: boolean }) {
  const single = useSession().data?.singleSignOn ?? false;
  return (
    <section className="panel sign-in" aria-labelledby="sign-in-title" data-testid="sign-in">
      <h2 id="sign-in-title">Sign in to {toManage ? "manage" : "see"} this project</h2>
      {single && (
        <p>
          <a className="button primary" href={`/login/oidc/?next=${encodeURIComponent(place())}`}>
            Single sign-on
          </a>
        </p>
      )}
      <PasswordForm />
      <p>
        No password yet, or forgotten? On the machine where the server runs, with the same settings,
        type in the terminal:
      </p>
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

/** Where the reader is: the server sends them back here if it knows the place. */
function place(): string {
  return `${window.location.pathname}${withProject("")}`;
}

function PasswordForm() {
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const { asked, noticing } = useCodeAsked();
  const { busy, fault, change } = useChange();
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const done = await change(noticing(() => signIn(email, password, asked ? code : "")));
    setCode("");
    if (done) await client.resetQueries();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Field id="sign-in-email" label="E-mail address" fault={null}>
        <input
          id="sign-in-email"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Field>
      <Field id="sign-in-password" label="Password" fault={null}>
        <input
          id="sign-in-password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </Field>
      {asked && <CodeField id="sign-in-code" value={code} onChange={setCode} />}
      <div>
        <button type="submit" className="button primary" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <Fault id="sign-in-fault" text={fault} />
      </div>
    </form>
  );
}
