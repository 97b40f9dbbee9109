import { useState } from "react";
import { invite } from "../api/people";
import type { Role, Session } from "../api/types";
import { Field } from "../capture/Field";
import { givenBy } from "./roles";
import { SettingsForm } from "./SettingsForm";
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
  const submit = async () => {
    const make = async () => onLink(email.trim(), await invite(email.trim(), role, session.csrfToken));
    if (await change(make)) setEmail("");
  };
  return (
    <SettingsForm
      id="invite"
      word="Make invitation link"
      busyWord="Making…"
      makes
      {...{ busy, fault }}
      onSubmit={submit}
    >
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
    </SettingsForm>
  );
}
