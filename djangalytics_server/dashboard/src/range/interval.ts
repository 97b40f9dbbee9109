import type { Interval } from "../api/types";

/**
 * The interval that draws a range of whole days well: at most 1,000 points,
 * and far fewer where a line is still read at a glance.
 */
export function intervalFor(days: number): Interval {
  if (days <= 2) return "hour";
  if (days <= 120) return "day";
  if (days <= 1_100) return "week";
  return "month";
}
