/** Numbers and times as the viewer reads them. */

import type { Interval } from "../api/types";
import { offsetMinutes, offsetText } from "./zone";

const LOCALE = "en-GB";
const WHOLE = new Intl.NumberFormat(LOCALE);
const SHORT = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const RELATIVE = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto", style: "narrow" });

export const number = (value: number): string => WHOLE.format(value);
export const shortNumber = (value: number): string => SHORT.format(value);

export function percent(part: number, whole: number): string {
  if (whole === 0) return "0%";
  const share = (100 * part) / whole;
  if (share > 0 && share < 0.1) return "< 0.1%";
  return `${share.toFixed(share < 10 && share > 0 ? 1 : 0)}%`;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

// The page reads its clock every few seconds, so what just happened may seem to be ahead of it.
const AHEAD_S = 10;

/** "now", "12 sec ago", "3 min ago", "2 days ago"; "in 5 min" for times well ahead of the viewer's clock. */
export function relativeTime(then: Date, now: Date): string {
  const seconds = Math.round((then.getTime() - now.getTime()) / 1000);
  if (seconds > -2 && seconds < AHEAD_S) return "now";
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return "now";
}

/** `22 Nov 2026, 19:49:34 UTC+01:00` */
export function absoluteTime(moment: Date, zone: string): string {
  const local = new Intl.DateTimeFormat(LOCALE, {
    timeZone: zone,
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(moment);
  return `${local} UTC${offsetText(offsetMinutes(moment, zone))}`;
}

export function clockTime(moment: Date): string {
  return new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium", hourCycle: "h23" }).format(moment);
}

function plainDate(date: string, options: Intl.DateTimeFormatOptions): string {
  const moment = new Date(`${date.slice(0, 10)}T00:00:00Z`);
  return new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: "UTC" }).format(moment);
}

/** A short axis label for the start of an interval. */
export function axisLabel(start: string, interval: Interval): string {
  if (interval === "hour" || interval === "minute") return start.slice(11, 16);
  if (interval === "month") return plainDate(start, { month: "short", year: "2-digit" });
  return plainDate(start, { day: "numeric", month: "short" });
}

/** The start of an interval in full, for tips and tables; hours carry their offset, as a day may have two alike. */
export function fullLabel(start: string, interval: Interval): string {
  if (interval === "month") return plainDate(start, { month: "long", year: "numeric" });
  const date = plainDate(start, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  });
  if (interval === "day") return date;
  if (interval === "week") return `Week of ${date}`;
  const offset = /(Z|[+-]\d\d:\d\d)$/.exec(start)?.[1] ?? "";
  return `${date}, ${start.slice(11, 16)} UTC${offset === "Z" ? "" : offset}`;
}
