import { useEffect, useRef } from "react";
import { Field } from "../capture/Field";

interface Props {
  id: string;
  label?: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
}

/** A code of an app, or a recovery code; it takes the focus, for it is what is asked for now. */
export function CodeField({ id, label, hint, value, onChange }: Props) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <Field
      id={id}
      label={label ?? "Code"}
      fault={null}
      hint={hint ?? "Six digits of your app, or one of your recovery codes."}
    >
      <input
        id={id}
        ref={field}
        type="text"
        autoComplete="one-time-code"
        autoCapitalize="none"
        spellCheck={false}
        required
        maxLength={40}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
