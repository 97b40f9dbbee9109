import type { KeyKind } from "../api/keys";

/** What each kind of key may do, as the reader chooses between them. */
export const KINDS: readonly (readonly [KeyKind, string, string])[] = [
  ["write", "Write", "Sends events and reads nothing. It may lie where others could see it."],
  ["read", "Read", "Reads everything in this project. Treat it like a password."],
  ["admin", "Admin", "Makes and ends keys, and neither sends nor reads. Treat it like a password."],
];

/** How long a key may live, in days; null is for ever. */
export const LIVES: readonly (readonly [string, number | null])[] = [
  ["Never", null],
  ["In 30 days", 30],
  ["In 90 days", 90],
  ["In a year", 365],
];

const DAY_MS = 86_400_000;

export function endOf(days: number | null, now: Date): string | null {
  return days === null ? null : new Date(now.getTime() + days * DAY_MS).toISOString();
}
