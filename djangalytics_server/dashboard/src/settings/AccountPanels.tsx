import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { changeAccount, endBrowser, fetchBrowsers, setPassword, type Browser } from "../api/account";
import type { Session, User } from "../api/types";
import { Fault, Field } from "../capture/Field";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import { isFailing } from "../states/failing";
import { absoluteTime, relativeTime } from "../zone/format";
import { LONGEST_NAME, SHORTEST_PASSWORD } from "./limits";
import { PasswordField } from "./PasswordField";
import { SecondFactor } from "./SecondFactor";
import { SettingsForm } from "./SettingsForm";
import { useChange } from "./useChange";

const AGAIN_MS = 3_000;

interface Props {
  session: Session;
  zone: string;
  now: Date;
}

/** One's own name, password and browsers. */
export function AccountPanels({ session, zone, now }: Props) {
  const { user, csrfToken } = session;
  if (user === null) return null;
  return (
    <>
      <h2 className="settings-title">
        {user.name} <small>your account</small>
      </h2>
      <div className="settings-row">
        <Browsers {...{ csrfToken, zone, now }} />
        <Panel title="Sign-in" testId="panel-sign-in">
          <AccountForm key={user.email} user={user} csrfToken={csrfToken} />
        </Panel>
      </div>
      <div className="settings-row">
        <SecondFactor user={user} csrfToken={csrfToken} />
      </div>
    </>
  );
}

/** Name and, after the terminal's link, e-mail address; and a password once there is an address. */
function AccountForm({ user, csrfToken }: { user: User; csrfToken: string | null }) {
  const [name, setName] = useState(user.name);
  const [email, setEmail] = useState(user.email ?? "");
  const [password, setNew] = useState("");
  const [current, setCurrent] = useState("");
  const [done, setDone] = useState("");
  const { busy, fault, change } = useChange("session", "browsers");
  const save = async () => {
    const emailChanged = email.trim() !== "" && email.trim() !== user.email;
    const nameChanged = name.trim() !== user.name;
    if (nameChanged || emailChanged) {
      const wish = { name: name.trim(), ...(emailChanged && { email: email.trim() }) };
      await changeAccount(wish, csrfToken);
    }
    if (password !== "") {
      await setPassword({ password, ...(user.needsCurrent && { current }) }, csrfToken);
    }
  };
  const submit = async () => {
    setDone("");
    if (!(await change(save))) return;
    setDone(password === "" ? "Saved." : "Saved. Your other sessions have ended.");
    setNew("");
    setCurrent("");
  };
  return (
    <SettingsForm
      id="account"
      word="Save account"
      busyWord="Saving…"
      {...{ busy, fault, done }}
      onSubmit={submit}
    >
      <Field id="account-name" label="Your name" fault={null}>
        <input
          id="account-name"
          type="text"
          autoComplete="name"
          required
          maxLength={LONGEST_NAME}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <Field
        id="account-email"
        label="Your e-mail address"
        fault={null}
        hint={
          user.needsCurrent
            ? "You sign in by it. It is changed after the terminal's link."
            : "You sign in by it. Nothing is sent to it."
        }
      >
        <input
          id="account-email"
          type="email"
          autoComplete="username"
          required={password !== ""}
          readOnly={user.needsCurrent}
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Field>
      {user.needsCurrent && (
        <PasswordField
          id="account-current"
          label="Password so far"
          complete="current-password"
          required={password !== ""}
          value={current}
          onChange={setCurrent}
        />
      )}
      <PasswordField
        id="account-password"
        label="New password"
        complete="new-password"
        hint={`${SHORTEST_PASSWORD} characters or more. Empty: ${user.hasPassword ? "it stays." : "you sign in by the terminal's link."}`}
        value={password}
        onChange={setNew}
      />
    </SettingsForm>
  );
}

function Browsers({ csrfToken, zone, now }: { csrfToken: string | null; zone: string; now: Date }) {
  const browsers = useQuery({
    queryKey: ["browsers"],
    queryFn: ({ signal }) => fetchBrowsers(signal),
    refetchInterval: ({ state }) => (isFailing(state) ? AGAIN_MS : false),
  });
  return (
    <Panel title="Signed in" note="Every browser in which you are. End those you do not know.">
      {browsers.data === undefined && <Skeleton kind="list" />}
      <ul aria-label="Sessions">
        {browsers.data?.map((entry) => (
          <BrowserRow key={entry.id} {...{ entry, csrfToken, zone, now }} />
        ))}
      </ul>
    </Panel>
  );
}

interface RowProps {
  entry: Browser;
  csrfToken: string | null;
  zone: string;
  now: Date;
}

function BrowserRow({ entry, csrfToken, zone, now }: RowProps) {
  const { busy, fault, change } = useChange("browsers");
  const seen = new Date(entry.lastSeenAt);
  const name = entry.browser === "" ? "Unknown browser" : entry.browser;
  return (
    <li className="entry" data-testid="browser">
      <div className="entry-what">
        <p className="entry-name">{entry.current ? "This browser" : "Another browser"}</p>
        <p className="hint">
          {name} · {entry.address === "" ? "address unknown" : `from ${entry.address}`} ·{" "}
          <span title={absoluteTime(seen, zone)}>used {relativeTime(seen, now)}</span>
        </p>
      </div>
      {!entry.current && (
        <div className="entry-ways">
          <button
            type="button"
            className="button"
            disabled={busy}
            aria-label={`End the session from ${entry.address}`}
            onClick={() => void change(() => endBrowser(entry.id, csrfToken))}
          >
            End
          </button>
        </div>
      )}
      <Fault id={`browser-${entry.id}-fault`} text={fault} />
    </li>
  );
}
