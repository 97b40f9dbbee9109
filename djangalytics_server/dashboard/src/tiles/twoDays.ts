/** Today against yesterday, from their hours. */

import type { DayCount } from "../api/types";
import { addDays } from "../range/dates";
import { dateIn, hourIn } from "../zone/zone";

export interface TwoDays {
  today: number;
  yesterday: number;
  /** What yesterday had before the hour that is now running. */
  yesterdayByNow: number;
  /** What today had before the hour that is now running: the fair match of `yesterdayByNow`. */
  todayByNow: number;
  /** Counts of the 24 clock hours of each day; the hour that comes twice is one here. */
  hours: { today: number[]; yesterday: number[] };
}

export function compareDays(rows: readonly DayCount[], now: Date, zone: string): TwoDays {
  const hour = hourIn(zone, now);
  const today = dateIn(zone, now);
  const days: Record<string, number[]> = {
    [today]: Array<number>(24).fill(0),
    [addDays(today, -1)]: Array<number>(24).fill(0),
  };
  for (const { date, count } of rows) {
    const hours = days[date.slice(0, 10)];
    const at = Number(date.slice(11, 13));
    if (hours?.[at] !== undefined) hours[at] += count;
  }
  const sum = (hours: number[]) => hours.reduce((total, count) => total + count, 0);
  const first = days[today] ?? [];
  const second = days[addDays(today, -1)] ?? [];
  return {
    today: sum(first),
    yesterday: sum(second),
    todayByNow: sum(first.slice(0, hour)),
    yesterdayByNow: sum(second.slice(0, hour)),
    hours: { today: first, yesterday: second },
  };
}
