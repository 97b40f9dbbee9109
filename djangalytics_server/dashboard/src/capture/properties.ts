/** Properties as they are typed, in rows or as JSON, and the object they make. */

import type { Json, Properties } from "../api/types";

export type ValueType = "text" | "number" | "boolean" | "null";

export interface Row {
  id: number;
  key: string;
  type: ValueType;
  value: string;
}

export type Reading =
  | { ok: true; properties: Properties }
  /** `row` is the id of the row at fault; null when the whole is. */
  | { ok: false; fault: string; row: number | null };

export function emptyRow(id: number): Row {
  return { id, key: "", type: "text", value: "" };
}

function isBlank(row: Row): boolean {
  return row.key.trim() === "" && (row.value === "" || row.type !== "text");
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

type Value = { ok: true; value: Json } | { ok: false; fault: string };

function readNumber(typed: string): Value {
  const text = typed.trim();
  if (!NUMBER.test(text)) return { ok: false, fault: "This is not a number (decimals take a point)." };
  const value = Number(text);
  // Browsers round what is longer; better said than silently changed.
  if (/^[+-]?\d+$/.test(text) && !Number.isSafeInteger(value)) {
    return { ok: false, fault: "Too long to be kept exactly: send it as text." };
  }
  return { ok: true, value };
}

function readValue({ type, value }: Row): Value {
  if (type === "number") return readNumber(value);
  if (type === "text") return { ok: true, value };
  return { ok: true, value: type === "null" ? null : value === "true" };
}

/** Rows left blank are no properties; a value without a key is a fault, and so is a key used twice. */
export function readRows(rows: readonly Row[]): Reading {
  // A Map first, so that a key such as `__proto__` is a property like any other.
  const made = new Map<string, Json>();
  for (const row of rows) {
    if (isBlank(row)) continue;
    const key = row.key.trim();
    const refuse = (fault: string): Reading => ({ ok: false, fault, row: row.id });
    if (key === "") return refuse("Give this value a key.");
    if (made.has(key)) return refuse(`The key “${key}” is used twice.`);
    const read = readValue(row);
    if (!read.ok) return refuse(read.fault);
    made.set(key, read.value);
  }
  return { ok: true, properties: Object.fromEntries(made) };
}

export function readJson(text: string): Reading {
  if (text.trim() === "") return { ok: true, properties: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "";
    return { ok: false, fault: `Not JSON yet: ${reason}`, row: null };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ok: false, fault: "Properties are an object: { … }.", row: null };
  }
  return { ok: true, properties: value as Properties };
}

/** The rows that hold these properties; null when some value fits no row (lists, objects). */
export function toRows(properties: Properties): Row[] | null {
  const rows: Row[] = [];
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "object" && value !== null) return null;
    const type = value === null ? "null" : typeof value === "string" ? "text" : typeof value;
    rows.push({ id: rows.length, key, type: type as ValueType, value: String(value ?? "") });
  }
  return rows;
}
