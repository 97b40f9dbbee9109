import { Field } from "../capture/Field";
import { SHORTEST_PASSWORD } from "./limits";

interface Props {
  id: string;
  label: string;
  complete: string;
  hint?: string;
  required?: boolean;
  value: string;
  onChange: (value: string) => void;
}

export function PasswordField({ id, label, complete, hint, required, value, onChange }: Props) {
  return (
    <Field id={id} label={label} fault={null} hint={hint}>
      <input
        id={id}
        type="password"
        autoComplete={complete}
        required={required === true}
        minLength={complete === "new-password" ? SHORTEST_PASSWORD : undefined}
        maxLength={200}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
