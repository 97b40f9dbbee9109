/** What the server would refuse, said while typing. Each function returns the fault in words, or null. */

import type { Json, Limits, Properties } from "../api/types";

/** The limits of a server as it ships; used until it has told its own. */
export const USUAL_LIMITS: Limits = {
  eventNameLength: 100,
  propertiesKeys: 255,
  propertyKeyLength: 200,
  depth: 8,
  eventBytes: 32_768,
};

const LARGEST = 2 ** 63;
// Category Cc; written out because the pattern is about the characters themselves.
const CONTROL = /\p{Cc}/u;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Characters as the server counts them: code points, not UTF-16 halves. */
export function length(text: string): number {
  return Array.from(text).length;
}

export function nameFault(raw: string, limits: Limits): string | null {
  const name = raw.trim();
  if (name === "") return "Give the event a name.";
  if (length(name) > limits.eventNameLength) {
    return `At most ${limits.eventNameLength} characters; this has ${length(name)}.`;
  }
  if (CONTROL.test(name)) return "Control characters (such as a tab) are not allowed.";
  if (LONE_SURROGATE.test(name)) return "This holds half a character.";
  return null;
}

function numberFault(value: number): string | null {
  if (!Number.isFinite(value) || Math.abs(value) > LARGEST) {
    return "Numbers must be within ±2^63.";
  }
  return null;
}

function textFault(text: string): string | null {
  if (text.includes("\0")) return "Text must not contain U+0000.";
  return LONE_SURROGATE.test(text) ? "Text holds half a character." : null;
}

function children(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value;
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}

function valueFault(value: Json, depth: number, limits: Limits): string | null {
  if (typeof value === "number") return numberFault(value);
  if (typeof value === "string") return textFault(value);
  if (value === null || typeof value === "boolean") return null;
  if (depth > limits.depth) return `Nested deeper than ${limits.depth} levels.`;
  if (!Array.isArray(value)) {
    const fault = keysFault(Object.keys(value), limits);
    if (fault !== null) return fault;
  }
  for (const child of children(value)) {
    const fault = valueFault(child, depth + 1, limits);
    if (fault !== null) return fault;
  }
  return null;
}

function keysFault(keys: readonly string[], limits: Limits): string | null {
  const long = keys.find((key) => length(key) > limits.propertyKeyLength);
  if (long !== undefined) return `Keys have at most ${limits.propertyKeyLength} characters.`;
  return keys.map(textFault).find((fault) => fault !== null) ?? null;
}

export function propertiesFault(properties: Properties, limits: Limits): string | null {
  if (Object.keys(properties).length > limits.propertiesKeys) {
    return `At most ${limits.propertiesKeys} properties.`;
  }
  const fault = valueFault(properties, 1, limits);
  if (fault !== null) return fault;
  const bytes = new TextEncoder().encode(JSON.stringify(properties)).length;
  return bytes > limits.eventBytes ? `More than ${limits.eventBytes} bytes as JSON.` : null;
}
