/** The form as it is being filled in, and the event it makes. */

import type { Capture, Limits, Properties } from "../api/types";
import { localToRfc3339 } from "../zone/zone";
import { NO_FAULTS, type Faults } from "./faults";
import { emptyRow, readJson, readRows, toRows, type Reading, type Row } from "./properties";
import { nameFault, propertiesFault } from "./validate";

export interface Draft {
  name: string;
  mode: "rows" | "json";
  rows: Row[];
  json: string;
  /** As `<input type="datetime-local">` gives it; empty for the time of arrival. */
  time: string;
}

export function emptyDraft(): Draft {
  return { name: "", mode: "rows", rows: [emptyRow(0)], json: "", time: "" };
}

export function readProperties(draft: Draft): Reading {
  return draft.mode === "rows" ? readRows(draft.rows) : readJson(draft.json);
}

function timeFault(time: string, zone: string): string | null {
  if (time === "" || localToRfc3339(time, zone) !== null) return null;
  return `No such time in ${zone}: the clock was put forward over it.`;
}

/** Every fault of the draft, and the properties as far as they can be read. */
export function checkDraft(draft: Draft, limits: Limits, zone: string): Faults {
  const reading = readProperties(draft);
  return {
    ...NO_FAULTS,
    name: nameFault(draft.name, limits),
    properties: reading.ok ? propertiesFault(reading.properties, limits) : reading.fault,
    time: timeFault(draft.time, zone),
  };
}

/** The event to send; the draft must be free of faults. */
export function toCapture(draft: Draft, insertId: string, zone: string): Capture {
  const reading = readProperties(draft);
  const properties: Properties = reading.ok ? reading.properties : {};
  const timestamp = draft.time === "" ? null : localToRfc3339(draft.time, zone);
  return {
    event_name: draft.name.trim(),
    insert_id: insertId,
    source: "dashboard",
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(timestamp !== null && { timestamp }),
  };
}

/** The draft with its properties in the other form, where they fit; null when they do not. */
export function switchMode(draft: Draft, mode: Draft["mode"]): Draft | null {
  if (mode === draft.mode) return draft;
  const reading = readProperties(draft);
  if (!reading.ok) return null;
  if (mode === "json") {
    const empty = Object.keys(reading.properties).length === 0;
    return { ...draft, mode, json: empty ? "" : JSON.stringify(reading.properties, null, 2) };
  }
  const rows = toRows(reading.properties);
  if (rows === null) return null;
  return { ...draft, mode, rows: rows.length > 0 ? rows : [emptyRow(0)] };
}
