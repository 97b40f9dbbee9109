import { expect, it } from "vitest";
import { compareDays } from "./twoDays";

const ZONE = "Europe/Berlin";
const row = (date: string, count: number) => ({ date, name: "signup", count });

it("compares today with yesterday until the same hour", () => {
  const rows = [
    row("2026-11-21T08:00:00+01:00", 10),
    row("2026-11-21T22:00:00+01:00", 30),
    row("2026-11-22T09:00:00+01:00", 15),
    row("2026-11-22T19:00:00+01:00", 2),
  ];
  const days = compareDays(rows, new Date("2026-11-22T18:30:00Z"), ZONE);
  expect(days).toMatchObject({ today: 17, yesterday: 40, todayByNow: 15, yesterdayByNow: 10 });
});

it("adds the hour that comes twice up as one", () => {
  const rows = [row("2026-10-25T02:00:00+02:00", 3), row("2026-10-25T02:00:00+01:00", 4)];
  const days = compareDays(rows, new Date("2026-10-25T20:00:00Z"), ZONE);
  expect(days.hours.today[2]).toBe(7);
  expect(days.today).toBe(7);
});
