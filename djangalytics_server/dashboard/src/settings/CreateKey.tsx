import { useState } from "react";
import { createKey, type FreshKey, type KeyKind } from "../api/keys";
import { Field } from "../capture/Field";
import { endOf, KINDS, LIVES } from "./kinds";
import { SettingsForm } from "./SettingsForm";
import { useChange } from "./useChange";

const LONGEST_NAME = 100;

interface Props {
  csrfToken: string | null;
  onFresh: (fresh: FreshKey) => void;
}

/** The form that makes a key. */
export function CreateKey({ csrfToken, onFresh }: Props) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<KeyKind>("write");
  const [life, setLife] = useState(0);
  const [tried, setTried] = useState(false);
  const { busy, fault, change } = useChange("keys");
  const missing = tried && name.trim() === "" ? "Say what the key is for." : null;

  const submit = async () => {
    setTried(true);
    if (name.trim() === "") return document.getElementById("key-name")?.focus();
    const expires_at = endOf(LIVES[life]?.[1] ?? null, new Date());
    if (await change(async () => onFresh(await createKey({ kind, name: name.trim(), expires_at }, csrfToken)))) {
      setName("");
      setTried(false);
    }
  };
  return (
    <SettingsForm
      id="key"
      word="Make key"
      busyWord="Making…"
      makes
      noValidate
      {...{ busy, fault }}
      onSubmit={submit}
    >
      <Field id="key-name" label="Key name" fault={missing} hint="The program or person that will use it.">
        <input
          id="key-name"
          type="text"
          autoComplete="off"
          maxLength={LONGEST_NAME}
          value={name}
          aria-invalid={missing !== null}
          aria-describedby="key-name-fault"
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <fieldset className="field">
        <legend>What it may do</legend>
        <div className="segments">
          {KINDS.map(([id, label]) => (
            <label key={id} className="segment">
              <input
                type="radio"
                name="key-kind"
                value={id}
                checked={kind === id}
                onChange={() => setKind(id)}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
        <p className="hint">{KINDS.find(([id]) => id === kind)?.[2]}</p>
      </fieldset>
      <Field id="key-life" label="Ends" fault={null}>
        <select id="key-life" value={life} onChange={(event) => setLife(Number(event.target.value))}>
          {LIVES.map(([label], place) => (
            <option key={label} value={place}>
              {label}
            </option>
          ))}
        </select>
      </Field>
    </SettingsForm>
  );
}
