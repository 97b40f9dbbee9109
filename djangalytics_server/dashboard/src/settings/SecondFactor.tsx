import { useState, type SubmitEvent } from "react";
import {
  beginSecondFactor,
  confirmSecondFactor,
  endSecondFactor,
  type AppSecret,
} from "../api/account";
import type { User } from "../api/types";
import { Fault } from "../capture/Field";
import { Panel } from "../panel/Panel";
import { CopyButton } from "../states/CopyButton";
import { CodeField } from "./CodeField";
import { PasswordField } from "./PasswordField";
import { ShownOnce } from "./ShownOnce";
import { useChange } from "./useChange";

interface Props {
  user: User;
  csrfToken: string | null;
}

/** A code of an app after the password, for those who want it. */
export function SecondFactor({ user, csrfToken }: Props) {
  const [app, setApp] = useState<AppSecret | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <Panel
      title="Second factor"
      note="A code of an app on your telephone, asked for after the password."
      testId="panel-second-factor"
    >
      {codes !== null && (
        <ShownOnce
          title="Keep these recovery codes."
          words="Each works once in the place of the app. They are shown this once."
          label="Recovery codes"
          text={codes.join("\n")}
          onKept={() => setCodes(null)}
        />
      )}
      {!user.hasPassword && codes === null && (
        <p className="quiet">Set a password first; the terminal’s link takes no code.</p>
      )}
      {user.hasPassword && app !== null && (
        <Confirmation
          app={app}
          csrfToken={csrfToken}
          onDone={(made) => {
            setApp(null);
            setCodes(made);
          }}
        />
      )}
      {user.hasPassword && app === null && codes === null && (
        <Switch user={user} csrfToken={csrfToken} onBegun={setApp} />
      )}
    </Panel>
  );
}

interface SwitchProps extends Props {
  onBegun: (app: AppSecret) => void;
}

/** On or off, by the password. */
function Switch({ user, csrfToken, onBegun }: SwitchProps) {
  const [current, setCurrent] = useState("");
  const { busy, fault, change } = useChange("session", "browsers", "people");
  const on = user.secondFactor;
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const proof = user.needsCurrent ? { current } : {};
    await change(async () => {
      if (on) await endSecondFactor(proof, csrfToken);
      else onBegun(await beginSecondFactor(proof, csrfToken));
    });
    setCurrent("");
  };
  return (
    <form className="settings-form" onSubmit={(event) => void submit(event)}>
      <p>
        {on ? (
          <>
            <strong>It is on.</strong> {user.recoveryCodes} recovery{" "}
            {user.recoveryCodes === 1 ? "code is" : "codes are"} left. For new ones, take it off and
            set it up again.
          </>
        ) : (
          "It is off. With it, nobody signs in by your password alone."
        )}
      </p>
      {user.needsCurrent && (
        <PasswordField
          id="second-factor-current"
          label="Your password"
          complete="current-password"
          required
          value={current}
          onChange={setCurrent}
        />
      )}
      <div>
        <button type="submit" className={on ? "button danger" : "button primary"} disabled={busy}>
          {on ? "Take it off" : "Set it up"}
        </button>
        <Fault id="second-factor-fault" text={fault} />
      </div>
    </form>
  );
}

interface ConfirmationProps {
  app: AppSecret;
  csrfToken: string | null;
  onDone: (codes: string[]) => void;
}

/** The picture for the app's camera, the same as text, and the code that proves that it has it. */
function Confirmation({ app, csrfToken, onDone }: ConfirmationProps) {
  const [code, setCode] = useState("");
  const { busy, fault, change } = useChange("session", "browsers", "people");
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    await change(async () => onDone(await confirmSecondFactor(code, csrfToken)));
  };
  return (
    <form className="settings-form" onSubmit={(event) => void submit(event)}>
      <p>Scan this with your app, or type the text into it.</p>
      <img className="qr" src={app.qr} alt="QR code for your app" />
      <div className="code">
        <pre tabIndex={0} aria-label="Secret">
          <code>{app.secret.match(/.{1,4}/g)?.join(" ")}</code>
        </pre>
        <CopyButton text={app.secret} label="Copy the secret" />
      </div>
      <CodeField
        id="second-factor-code"
        label="The code it shows"
        hint="Six digits. Your other sessions end then."
        value={code}
        onChange={setCode}
      />
      <div>
        <button type="submit" className="button primary" disabled={busy}>
          {busy ? "Confirming…" : "Confirm"}
        </button>
        <Fault id="second-factor-code-fault" text={fault} />
      </div>
    </form>
  );
}
