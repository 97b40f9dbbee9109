/** The date ranges one can choose, and what each asks of the server. */

import type { Interval } from "../api/types";
import { dateIn } from "../zone/zone";
import { addDays, daysBetween, isDate } from "./dates";
import { intervalFor } from "./interval";

/** Id, name, and the name as short as it can be on a button. */
export const PRESETS = [
  ["1h", "Last hour", "Hour"],
  ["24h", "Last 24 hours", "24 hours"],
  ["today", "Today", "Today"],
  ["yesterday", "Yesterday", "Yesterday"],
  ["7d", "Last 7 days", "7 days"],
  ["30d", "Last 30 days", "30 days"],
  ["90d", "Last 90 days", "90 days"],
  ["12m", "Last 12 months", "12 months"],
  ["all", "All time", "All time"],
] as const;

export type Preset = (typeof PRESETS)[number][0];
export type Range = { kind: "preset"; preset: Preset } | { kind: "custom"; from: string; to: string };

export const DEFAULT_RANGE: Range = { kind: "preset", preset: "30d" };

export interface Span {
  from: string | null;
  to: string | null;
  interval: Interval;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const LENGTHS: Partial<Record<Preset, number>> = { "7d": 7, "30d": 30, "90d": 90 };

/** The last `count` steps, the running one included, as moments. */
function lastSteps(now: Date, step: number, count: number, interval: Interval): Span {
  const end = Math.floor(now.getTime() / step) * step + step;
  return {
    from: new Date(end - count * step).toISOString(),
    to: new Date(end).toISOString(),
    interval,
  };
}

function days(from: string, to: string): Span {
  return { from, to, interval: intervalFor(daysBetween(from, to)) };
}

function presetSpan(preset: Preset, now: Date, zone: string, firstDate: string | null): Span {
  const today = dateIn(zone, now);
  const length = LENGTHS[preset];
  if (length !== undefined) return days(addDays(today, 1 - length), today);
  switch (preset) {
    case "1h":
      return lastSteps(now, MINUTE_MS, 60, "minute");
    case "24h":
      return lastSteps(now, HOUR_MS, 24, "hour");
    case "today":
      return days(today, today);
    case "yesterday":
      return days(addDays(today, -1), addDays(today, -1));
    case "12m":
      return days(addDays(today, -364), today);
    default: {
      // Open-ended, so that events the senders' clocks put ahead of ours are counted too.
      const reach = firstDate === null ? 1 : Math.max(3, daysBetween(firstDate, today));
      return { from: null, to: null, interval: intervalFor(Math.max(3, reach)) };
    }
  }
}

/** What a range means now, in a zone; `firstDate` is the date of the oldest event, if known. */
export function spanOf(range: Range, now: Date, zone: string, firstDate: string | null): Span {
  if (range.kind === "custom") return days(range.from, range.to);
  return presetSpan(range.preset, now, zone, firstDate);
}

export function nameRange(range: Range): string {
  if (range.kind === "custom") {
    return range.from === range.to ? range.from : `${range.from} to ${range.to}`;
  }
  return PRESETS.find(([id]) => id === range.preset)?.[1] ?? range.preset;
}

/** Why two typed dates make no range; null when they do. */
export function rangeFault(from: string, to: string): string | null {
  if (!isDate(from)) return "Give the first day.";
  if (!isDate(to)) return "Give the last day.";
  if (from < "1970-01-01" || to > "9998-12-31") return "Choose days from 1970 on.";
  if (from > to) return "The first day is after the last.";
  return null;
}
