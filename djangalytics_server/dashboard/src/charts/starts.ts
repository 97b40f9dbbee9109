/** Every interval from the first to the last, where the server could not list them (open-ended ranges). */

import type { Interval } from "../api/types";
import { addDays, monthStart, nextMonth, weekStart } from "../range/dates";

const MOST = 1_000;

const ALIGN: Partial<Record<Interval, (date: string) => string>> = {
  day: (date) => date,
  week: weekStart,
  month: monthStart,
};

const STEP: Partial<Record<Interval, (date: string) => string>> = {
  day: (date) => addDays(date, 1),
  week: (date) => addDays(date, 7),
  month: nextMonth,
};

/** Starts from `first` to `last` (dates); at most 1,000, and none for hours and minutes. */
export function startsBetween(first: string, last: string, interval: Interval): string[] {
  const align = ALIGN[interval];
  const step = STEP[interval];
  if (align === undefined || step === undefined) return [];
  const starts: string[] = [];
  const end = align(last);
  for (let date = align(first); date <= end && starts.length < MOST; date = step(date)) {
    starts.push(date);
  }
  return starts;
}
