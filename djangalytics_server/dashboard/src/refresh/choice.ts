/** How often the page asks anew. */

import { isFailing } from "../states/failing";

export const CHOICES = [
  [1_000, "1 s"],
  [2_000, "2 s"],
  [5_000, "5 s"],
  [15_000, "15 s"],
  [30_000, "30 s"],
  [60_000, "1 min"],
  [300_000, "5 min"],
  [0, "Off"],
] as const;

export type RefreshMs = (typeof CHOICES)[number][0];

const DEFAULT: RefreshMs = 5_000;
const RETRY_MS = 5_000;
const KEY = "djangalytics.refresh";

export function parseChoice(text: string | null): RefreshMs {
  return CHOICES.find(([ms]) => String(ms) === text)?.[0] ?? DEFAULT;
}

export function rememberedChoice(): RefreshMs {
  try {
    return parseChoice(localStorage.getItem(KEY));
  } catch {
    return DEFAULT;
  }
}

export function rememberChoice(choice: RefreshMs): void {
  try {
    localStorage.setItem(KEY, String(choice));
  } catch {
    // Storage is closed to this page: the choice holds until it is left.
  }
}

interface Outcome {
  state: { errorUpdatedAt: number; dataUpdatedAt: number };
}

/** How a query keeps up: by its timer, and at once when a hidden tab comes back; not when it is off. */
export function keepUp(choice: RefreshMs) {
  return {
    refetchInterval: ({ state }: Outcome) => nextIn(choice, isFailing(state)),
    refetchOnWindowFocus: choice !== 0,
  };
}

/** Milliseconds to the next question; false for never. A failed one is retried soon, whatever was chosen. */
export function nextIn(choice: RefreshMs, failing: boolean): number | false {
  if (failing) return choice === 0 ? RETRY_MS : Math.min(choice, RETRY_MS);
  return choice === 0 ? false : choice;
}
