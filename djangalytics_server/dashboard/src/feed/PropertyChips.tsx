import type { Json, Properties } from "../api/types";

const MOST = 4;

/** A value in one short line; text as it is, everything else as JSON. */
export function valueText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The first properties of an event; all of them are in its details. */
export function PropertyChips({ properties }: { properties: Properties }) {
  const entries = Object.entries(properties);
  if (entries.length === 0) return null;
  return (
    <ul className="chips" aria-label="Properties">
      {entries.slice(0, MOST).map(([key, value]) => (
        <li key={key} className="chip">
          <span className="chip-key">{key}</span>
          <span className={`chip-value ${typeof value}`}>{valueText(value)}</span>
        </li>
      ))}
      {entries.length > MOST && <li className="chip chip-more">+{entries.length - MOST}</li>}
    </ul>
  );
}
