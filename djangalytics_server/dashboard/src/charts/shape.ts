/** From the server's rows to what the charts draw. */

import type { NameCount, Stats } from "../api/types";
import { dateIn } from "../zone/zone";
import { OTHER, SLOTS, slotColour, type Slots } from "./slots";
import { startsBetween } from "./starts";

export interface Series {
  /** Safe as a property name, whatever the event is called. */
  key: string;
  label: string;
  /** The event's name; null for the sum of the rest. */
  name: string | null;
  colour: string;
  total: number;
}

export interface TrendPoint {
  start: string;
  /** A count for each series' key; empty when the interval is still to come. */
  values: Record<string, number>;
  total: number;
}

export interface Trend {
  series: Series[];
  points: TrendPoint[];
}

export function otherLabel(howMany: number): string {
  return `${OTHER} (${howMany} name${howMany === 1 ? "" : "s"})`;
}

/** The leading names, largest first, and what is left of them as one last series. */
export function leadingSeries(counts: readonly NameCount[], slots: Slots): Series[] {
  const sorted = counts.toSorted((a, b) => b.count - a.count);
  const series: Series[] = sorted.slice(0, SLOTS).map(({ name, count }, index) => ({
    key: `s${index}`,
    label: name,
    name,
    colour: slotColour(slots.get(name)),
    total: count,
  }));
  const rest = sorted.slice(SLOTS);
  if (rest.length > 0) {
    const total = rest.reduce((sum, { count }) => sum + count, 0);
    const label = otherLabel(rest.length);
    series.push({ key: OTHER, label, name: null, colour: slotColour(undefined), total });
  }
  return series;
}

/** The starts to draw: the server's list, or every interval from the first row to today. */
function startsOf(stats: Stats, today: string): string[] {
  if (stats.range.starts.length > 0) return stats.range.starts;
  const dates = stats.daily.map(({ date }) => date).sort();
  const first = dates.at(0);
  const last = dates.at(-1);
  if (first === undefined || last === undefined) return [];
  const end = last > today ? last : today;
  const made = startsBetween(first.slice(0, 10), end.slice(0, 10), stats.range.interval);
  return made.length > 0 ? made : [...new Set(dates)];
}

/** Whether nothing is known yet of the interval that starts here, so that 0 would be a lie. */
function isToCome(start: string, now: Date, today: string): boolean {
  return start.length === 10 ? start > today : Date.parse(start) > now.getTime();
}

/** One point for each interval, 0 where nothing happened. */
export function shapeTrend(stats: Stats, slots: Slots, now: Date, zone: string): Trend {
  const today = dateIn(zone, now);
  const series = leadingSeries(stats.counts, slots);
  const keys = new Map(series.map(({ name, key }) => [name, key]));
  const zeros = () => Object.fromEntries(series.map(({ key }) => [key, 0]));
  const points = new Map<string, TrendPoint>(
    startsOf(stats, today).map((start) => [start, { start, values: zeros(), total: 0 }]),
  );
  for (const { date, name, count } of stats.daily) {
    const point = points.get(date);
    if (point === undefined) continue;
    const key = keys.get(name) ?? OTHER;
    point.values[key] = (point.values[key] ?? 0) + count;
    point.total += count;
  }
  for (const point of points.values()) {
    if (point.total === 0 && isToCome(point.start, now, today)) point.values = {};
  }
  return { series, points: [...points.values()] };
}
