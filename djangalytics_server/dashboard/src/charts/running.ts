import type { Interval } from "../api/types";
import { addDays, nextMonth } from "../range/dates";
import { dateIn } from "../zone/zone";

const LENGTH_MS: Partial<Record<Interval, number>> = { minute: 60_000, hour: 3_600_000 };

/** Whether the interval that starts at `start` is still running, so that its count is not final. */
export function isRunning(start: string, interval: Interval, now: Date, zone: string): boolean {
  const length = LENGTH_MS[interval];
  if (length !== undefined) {
    const begun = now.getTime() - Date.parse(start);
    return begun >= 0 && begun < length;
  }
  const today = dateIn(zone, now);
  const date = start.slice(0, 10);
  const next =
    interval === "month" ? nextMonth(date) : addDays(date, interval === "week" ? 7 : 1);
  return date <= today && today < next;
}
