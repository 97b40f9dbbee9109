import { useState, type SubmitEvent } from "react";
import { invite } from "../api/people";
import type { Role, Session } from "../api/types";
import { Fault, Field } from "../capture/Field";
import { Icon } from "../icons/Icon";
import { givenBy } from "./roles";
import { useChange } from "./useChange";

interface Props {
  session: Session;
  onLink: (email: string, text: string) => void;
}

/** The form that makes an invitation's link. */
export function InviteForm({ session, onLink }: Props) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("analyst");
  const { busy, fault, change } = useChange("invitations");
  const roles = givenBy(session.role);
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const make = async () => onLink(email.trim(), await invite(email.trim(), role, session.csrfToken));
    if (await change(make)) setEmail("");
  };
  return (
    <form className="settings-form" onSubmit={(event) => void submit(event)}>
      <Field id="invite-email" label="Their e-mail address" fault={null} hint="By which they will sign in.">
        <input
          id="invite-email"
          type="email"
          autoComplete="off"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Field>
      <Field
        id="invite-role"
        label="Role"
        fault={null}
        hint={roles.find(([id]) => id === role)?.[2]}
      >
        <select id="invite-role" value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {roles.map(([id, label]) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      <div>
        <button type="submit" className="button primary" disabled={busy}>
          <Icon name="plus" />
          {busy ? "Making…" : "Make invitation link"}
        </button>
        <Fault id="invite-fault" text={fault} />
      </div>
    </form>
  );
}
