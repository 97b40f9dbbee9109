import { Field } from "../capture/Field";
import type { Rate } from "../api/types";
import { number } from "../zone/format";
import { MOST_AT_ONCE, MOST_RATE } from "./limits";

/** What is written in the two fields; an empty rate is no limit. */
export interface PaceDraft {
  rate: string;
  atOnce: string;
}

export function paceDraft(limit: Rate | null): PaceDraft {
  return limit === null
    ? { rate: "", atOnce: "" }
    : { rate: String(limit.rate), atOnce: String(limit.atOnce) };
}

/** The limit as the API takes it. */
export function paceWish({ rate, atOnce }: PaceDraft): { rate: number; at_once?: number } | null {
  if (rate === "") return null;
  return atOnce === "" ? { rate: Number(rate) } : { rate: Number(rate), at_once: Number(atOnce) };
}

interface Props {
  draft: PaceDraft;
  onChange: (draft: PaceDraft) => void;
}

/** How fast the project may be sent to. */
export function Pace({ draft, onChange }: Props) {
  return (
    <>
      <Whole
        id="project-rate"
        label="Events a second, at most"
        hint="From all senders together; what is more is refused and comes again later. Empty: as fast as the server takes them."
        most={MOST_RATE}
        value={draft.rate}
        onChange={(rate) => onChange({ ...draft, rate })}
      />
      {draft.rate !== "" && (
        <Whole
          id="project-at-once"
          label="Events at once, at most"
          hint={`Empty: a minute's worth, ${number(Number(draft.rate) * 60)}.`}
          most={MOST_AT_ONCE}
          value={draft.atOnce}
          onChange={(atOnce) => onChange({ ...draft, atOnce })}
        />
      )}
    </>
  );
}

interface WholeProps {
  id: string;
  label: string;
  hint: string;
  most: number;
  value: string;
  onChange: (value: string) => void;
}

/** A whole number from 1 up, or nothing. */
function Whole({ id, label, hint, most, value, onChange }: WholeProps) {
  return (
    <Field id={id} label={label} fault={null} hint={hint}>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        autoComplete="off"
        min={1}
        max={most}
        step={1}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
