import { expect, it } from "vitest";
import { absoluteTime, axisLabel, fullLabel, number, percent, relativeTime } from "./format";

const NOW = new Date("2026-11-22T18:00:00Z");

// How units are shortened differs from one release of ICU to the next.
it.each([
  ["2026-11-22T17:59:59Z", /^now$/],
  ["2026-11-22T18:00:04Z", /^now$/],
  ["2026-11-22T17:59:48Z", /^12 ?s\S* ago$/],
  ["2026-11-22T17:57:00Z", /^3 ?m\S* ago$/],
  ["2026-11-22T13:00:00Z", /^5 ?h\S* ago$/],
  ["2026-11-19T13:00:00Z", /^3 ?d\S* ago$/],
  ["2026-11-22T18:05:00Z", /^in 5 ?m\S*$/],
])("%s is told as %s", (then, words) => {
  expect(relativeTime(new Date(then), NOW)).toMatch(words);
});

it("writes a moment out with its offset", () => {
  expect(absoluteTime(NOW, "Europe/Berlin")).toBe("22 Nov 2026, 19:00:00 UTC+01:00");
});

it("groups thousands", () => {
  expect(number(1_234_567)).toBe("1,234,567");
});

it.each([
  [0, 0, "0%"],
  [1, 3, "33%"],
  [1, 16, "6.3%"],
  [1, 100_000, "< 0.1%"],
  [5, 5, "100%"],
])("%i of %i is %s", (part, whole, text) => {
  expect(percent(part, whole)).toBe(text);
});

it("keeps the two hours of the night the clock is put back apart", () => {
  const first = fullLabel("2026-10-25T02:00:00+02:00", "hour");
  const second = fullLabel("2026-10-25T02:00:00+01:00", "hour");
  expect(first).toBe("Sun, 25 Oct 2026, 02:00 UTC+02:00");
  expect(second).toBe("Sun, 25 Oct 2026, 02:00 UTC+01:00");
});

it.each([
  ["2026-11-22", "day", "22 Nov", "Sun, 22 Nov 2026"],
  ["2026-11-16", "week", "16 Nov", "Week of Mon, 16 Nov 2026"],
  ["2026-11-01", "month", "Nov 26", "November 2026"],
  ["2026-11-22T18:05:00Z", "minute", "18:05", "Sun, 22 Nov 2026, 18:05 UTC"],
] as const)("labels %s by %s", (start, interval, short, long) => {
  expect([axisLabel(start, interval), fullLabel(start, interval)]).toEqual([short, long]);
});
