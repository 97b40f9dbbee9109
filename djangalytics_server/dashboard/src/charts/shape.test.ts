import { describe, expect, it } from "vitest";
import { parseStats } from "../api/parse";
import { statsAnswer } from "../testing/answers";
import { isRunning } from "./running";
import { leadingSeries, shapeTrend } from "./shape";
import { NO_SLOTS } from "./slots";
import { startsBetween } from "./starts";

const ZONE = "Europe/Berlin";
const NOW = new Date("2026-11-22T18:30:00Z");

function trendOf(rows: [string, string, number][], range: Record<string, unknown>) {
  const daily = rows.map(([date, event_name, count]) => ({ date, event_name, count }));
  const answer = statsAnswer(daily);
  return shapeTrend(parseStats({ ...answer, range: { ...answer.range, ...range } }), NO_SLOTS, NOW, ZONE);
}

describe("the trend", () => {
  it("has a point for every interval, with 0 where nothing happened", () => {
    const starts = ["2026-11-20", "2026-11-21", "2026-11-22"];
    const { points } = trendOf([["2026-11-21", "signup", 4]], { starts });
    expect(points.map(({ start, total }) => [start, total])).toEqual([
      ["2026-11-20", 0],
      ["2026-11-21", 4],
      ["2026-11-22", 0],
    ]);
  });

  it("adds the names beyond the sixth up as other", () => {
    const rows = Array.from({ length: 9 }, (_, index): [string, string, number] => [
      "2026-11-22",
      `event ${index}`,
      10 - index,
    ]);
    const { series, points } = trendOf(rows, { starts: ["2026-11-22"] });
    expect(series.map(({ label }) => label).at(-1)).toBe("other (3 names)");
    expect(points[0]?.values["other"]).toBe(4 + 3 + 2);
    expect(points[0]?.total).toBe(54);
  });

  it("keeps an event called other apart from the rest", () => {
    const rows = ["other", "b", "c", "d", "e", "f", "g"].map((name, index): [string, string, number] => [
      "2026-11-22",
      name,
      20 - index,
    ]);
    const { series } = trendOf(rows, { starts: ["2026-11-22"] });
    expect(new Set(series.map(({ key }) => key)).size).toBe(7);
  });

  it("draws names that mean something to JavaScript like any other", () => {
    const rows: [string, string, number][] = [
      ["2026-11-22", "__proto__", 2],
      ["2026-11-22", "a.b[0]", 1],
    ];
    const { points, series } = trendOf(rows, { starts: ["2026-11-22"] });
    expect(series.map(({ key }) => points[0]?.values[key])).toEqual([2, 1]);
  });

  it("fills an open range from its first day to today", () => {
    const { points } = trendOf([["2026-11-19", "signup", 1]], { starts: [] });
    expect(points.map(({ start }) => start)).toEqual([
      "2026-11-19",
      "2026-11-20",
      "2026-11-21",
      "2026-11-22",
    ]);
  });

  it("says nothing of hours that are still to come", () => {
    const starts = ["2026-11-22T18:00:00+01:00", "2026-11-22T19:00:00+01:00", "2026-11-22T20:00:00+01:00"];
    const { points } = trendOf([], { starts, interval: "hour" });
    expect(points.map(({ values }) => values)).toEqual([{}, {}, {}]);
    const filled = trendOf([[starts[0] ?? "", "signup", 1]], { starts, interval: "hour" });
    expect(filled.points.map(({ values }) => values)).toEqual([{ s0: 1 }, { s0: 0 }, {}]);
  });
});

it("puts the largest first", () => {
  const counts = [
    { name: "a", count: 1 },
    { name: "b", count: 5 },
  ];
  expect(leadingSeries(counts, NO_SLOTS).map(({ label }) => label)).toEqual(["b", "a"]);
});

describe("starts", () => {
  it("step by weeks from Monday and by months from the first", () => {
    expect(startsBetween("2026-11-11", "2026-11-22", "week")).toEqual(["2026-11-09", "2026-11-16"]);
    expect(startsBetween("2025-12-31", "2026-02-01", "month")).toEqual([
      "2025-12-01",
      "2026-01-01",
      "2026-02-01",
    ]);
  });

  it("are at most 1,000", () => {
    expect(startsBetween("1990-01-01", "2026-01-01", "day")).toHaveLength(1_000);
  });
});

it.each([
  ["2026-11-22", "day", true],
  ["2026-11-21", "day", false],
  ["2026-11-16", "week", true],
  ["2026-11-01", "month", true],
  ["2026-10-01", "month", false],
  ["2026-11-22T19:00:00+01:00", "hour", true],
  ["2026-11-22T18:00:00+01:00", "hour", false],
  ["2026-11-22T19:30:00+01:00", "minute", true],
] as const)("%s by %s is running: %s", (start, interval, expected) => {
  expect(isRunning(start, interval, NOW, ZONE)).toBe(expected);
});
