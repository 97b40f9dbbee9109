import { describe, expect, it } from "vitest";
import { dateIn, hourIn, localToRfc3339, nameZone, offsetMinutes, offsetText } from "./zone";

const BERLIN = "Europe/Berlin";

describe("offsets", () => {
  it.each([
    [BERLIN, "2026-07-01T12:00:00Z", 120],
    [BERLIN, "2026-12-01T12:00:00Z", 60],
    ["America/St_Johns", "2026-12-01T12:00:00Z", -210],
    ["Asia/Kathmandu", "2026-12-01T12:00:00Z", 345],
    ["UTC", "2026-12-01T12:00:00Z", 0],
  ])("of %s at %s is %i minutes", (zone, moment, minutes) => {
    expect(offsetMinutes(new Date(moment), zone)).toBe(minutes);
  });

  it.each([
    [0, "+00:00"],
    [345, "+05:45"],
    [-210, "-03:30"],
  ])("of %i minutes is written %s", (minutes, text) => {
    expect(offsetText(minutes)).toBe(text);
  });
});

it("names the zone with its offset at that moment", () => {
  expect(nameZone(BERLIN, new Date("2026-11-22T18:00:00Z"))).toBe("Europe/Berlin, UTC+01:00");
  expect(nameZone("UTC", new Date())).toBe("UTC");
});

it("tells the local date and hour, not UTC's", () => {
  const moment = new Date("2026-11-22T23:30:00Z");
  expect([dateIn(BERLIN, moment), hourIn(BERLIN, moment)]).toEqual(["2026-11-23", 0]);
  expect([dateIn("America/New_York", moment), hourIn("America/New_York", moment)]).toEqual([
    "2026-11-22",
    18,
  ]);
});

describe("a wall-clock time", () => {
  it.each([
    ["2026-07-01T12:00", "2026-07-01T12:00:00+02:00"],
    ["2026-12-01T00:30", "2026-12-01T00:30:00+01:00"],
    ["2026-12-01T00:30:15", "2026-12-01T00:30:15+01:00"],
  ])("%s gets the offset it has then", (local, expected) => {
    expect(localToRfc3339(local, BERLIN)).toBe(expected);
  });

  it("that the clock skipped does not exist", () => {
    expect(localToRfc3339("2026-03-29T02:30", BERLIN)).toBeNull();
    expect(localToRfc3339("2026-03-29T03:00", BERLIN)).toBe("2026-03-29T03:00:00+02:00");
  });

  it("that came twice is the earlier one", () => {
    expect(localToRfc3339("2026-10-25T02:30", BERLIN)).toBe("2026-10-25T02:30:00+02:00");
  });

  it("that is no time is refused", () => {
    expect(localToRfc3339("yesterday", BERLIN)).toBeNull();
  });
});
