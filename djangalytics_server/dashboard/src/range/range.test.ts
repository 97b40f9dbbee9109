import { describe, expect, it } from "vitest";
import { addDays, daysBetween, isDate, monthStart, nextMonth, weekStart } from "./dates";
import { intervalFor } from "./interval";
import { nameRange, rangeFault, spanOf, type Preset } from "./range";

const ZONE = "Europe/Berlin";
const NOW = new Date("2026-11-22T18:49:34Z");
const preset = (id: Preset, now = NOW, first: string | null = null) =>
  spanOf({ kind: "preset", preset: id }, now, ZONE, first);

describe("plain dates", () => {
  it("step over the days the clock changes without losing one", () => {
    expect(addDays("2026-03-28", 2)).toBe("2026-03-30");
    expect(addDays("2026-10-26", -2)).toBe("2026-10-24");
    expect(daysBetween("2026-10-24", "2026-10-26")).toBe(3);
  });

  it("know weeks and months", () => {
    expect(weekStart("2026-11-22")).toBe("2026-11-16");
    expect(weekStart("2026-11-16")).toBe("2026-11-16");
    expect(monthStart("2026-02-28")).toBe("2026-02-01");
    expect(nextMonth("2026-12-31")).toBe("2027-01-01");
    expect(nextMonth("2026-01-31")).toBe("2026-02-01");
  });

  it.each([
    ["2026-02-28", true],
    ["2026-02-29", false],
    ["2026-2-1", false],
    ["", false],
  ])("%j is one: %s", (text, expected) => {
    expect(isDate(text)).toBe(expected);
  });
});

describe("presets", () => {
  it("end with today in the viewer's zone", () => {
    expect(preset("30d")).toEqual({ from: "2026-10-24", to: "2026-11-22", interval: "day" });
    expect(preset("today", new Date("2026-11-22T23:30:00Z"))).toEqual({
      from: "2026-11-23",
      to: "2026-11-23",
      interval: "hour",
    });
  });

  it("count yesterday from the local date on the day the clock is put forward", () => {
    expect(preset("yesterday", new Date("2026-03-29T22:30:00Z")).from).toBe("2026-03-29");
  });

  it("give sixty minutes and twenty-four hours, the running one included", () => {
    expect(preset("1h")).toEqual({
      from: "2026-11-22T17:50:00.000Z",
      to: "2026-11-22T18:50:00.000Z",
      interval: "minute",
    });
    expect(preset("24h")).toEqual({
      from: "2026-11-21T19:00:00.000Z",
      to: "2026-11-22T19:00:00.000Z",
      interval: "hour",
    });
  });

  it("leave all time open and choose its interval by the first event", () => {
    expect(preset("all")).toEqual({ from: null, to: null, interval: "day" });
    expect(preset("all", NOW, "2025-01-01").interval).toBe("week");
    expect(preset("all", NOW, "2010-01-01").interval).toBe("month");
  });
});

it.each([
  [1, "hour"],
  [2, "hour"],
  [3, "day"],
  [120, "day"],
  [365, "week"],
  [20_000, "month"],
])("%i days are drawn by %s", (days, interval) => {
  expect(intervalFor(days)).toBe(interval);
});

it("draws no sensible range in more than 1,000 points", () => {
  const length = { minute: 1 / 1440, hour: 1 / 24, day: 1, week: 7, month: 28 };
  const points = [1, 2, 3, 120, 121, 1_100, 1_101, 20_000].map((days) => days / length[intervalFor(days)]);
  expect(Math.max(...points)).toBeLessThanOrEqual(1_000);
});

describe("a custom range", () => {
  it("is both days and all between", () => {
    const span = spanOf({ kind: "custom", from: "2026-10-25", to: "2026-10-25" }, NOW, ZONE, null);
    expect(span).toEqual({ from: "2026-10-25", to: "2026-10-25", interval: "hour" });
  });

  it.each([
    ["2026-11-01", "2026-11-22", null],
    ["2026-11-22", "2026-11-22", null],
    ["", "2026-11-22", "Give the first day."],
    ["2026-11-01", "2026-02-30", "Give the last day."],
    ["2026-11-23", "2026-11-22", "The first day is after the last."],
    ["0001-01-01", "2026-11-22", "Choose days from 1970 on."],
  ])("from %j to %j has the fault %j", (from, to, fault) => {
    expect(rangeFault(from, to)).toBe(fault);
  });

  it("is named by its days", () => {
    expect(nameRange({ kind: "custom", from: "2026-11-01", to: "2026-11-02" })).toBe(
      "2026-11-01 to 2026-11-02",
    );
  });
});
