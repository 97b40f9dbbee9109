import { useState } from "react";
import { readProperties, switchMode, type Draft } from "./draft";
import { Fault } from "./Field";
import { PropertyRows } from "./PropertyRows";

const MODES = [
  ["rows", "Key and value"],
  ["json", "JSON"],
] as const;

interface Props {
  draft: Draft;
  fault: string | null;
  onChange: (draft: Draft) => void;
}

/** Properties in rows or as raw JSON; what was typed moves along when one changes over. */
export function PropertiesField({ draft, fault, onChange }: Props) {
  const [stuck, setStuck] = useState(false);
  const reading = readProperties(draft);
  const change = (next: Draft) => {
    setStuck(false);
    onChange(next);
  };
  const choose = (mode: Draft["mode"]) => {
    const next = switchMode(draft, mode);
    if (next === null) setStuck(true);
    else change(next);
  };
  const shown = stuck
    ? (fault ?? "Lists and objects have no place in rows: keep these as JSON.")
    : fault;
  return (
    <fieldset className="field properties">
      <legend>Properties (optional)</legend>
      <div className="segments" role="radiogroup" aria-label="Write properties as">
        {MODES.map(([mode, label]) => (
          <label key={mode} className="segment">
            <input
              type="radio"
              name="properties-mode"
              checked={draft.mode === mode}
              onChange={() => choose(mode)}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
      {draft.mode === "rows" ? (
        <PropertyRows
          rows={draft.rows}
          wrongRow={reading.ok ? null : reading.row}
          faultId="capture-properties-fault"
          onChange={(rows) => change({ ...draft, rows })}
        />
      ) : (
        <textarea
          aria-label="Properties as JSON"
          aria-invalid={fault !== null}
          aria-describedby="capture-properties-fault"
          className="mono"
          rows={5}
          spellCheck={false}
          placeholder={'{"plan": "pro", "seats": 3}'}
          value={draft.json}
          onChange={(event) => change({ ...draft, json: event.target.value })}
        />
      )}
      <Fault id="capture-properties-fault" text={shown} />
    </fieldset>
  );
}
