import { expect, it } from "vitest";
import { DEFAULT_RANGE } from "./range";
import { parseView, viewSearch, type View } from "./url";

it.each<[string, View]>([
  ["", { range: DEFAULT_RANGE, names: [] }],
  ["?range=7d", { range: { kind: "preset", preset: "7d" }, names: [] }],
  [
    "?from=2026-11-01&to=2026-11-22&event=signup&event=a%26b",
    { range: { kind: "custom", from: "2026-11-01", to: "2026-11-22" }, names: ["signup", "a&b"] },
  ],
])("%j survives being read and written", (search, view) => {
  expect(parseView(search)).toEqual(view);
  expect(viewSearch(view)).toBe(search);
});

it.each([
  "?range=forever",
  "?range=__proto__",
  "?from=2026-11-22&to=2026-11-01",
  "?from=2026-11-22",
  "?event=&event=%20",
])("%j falls back to what is sensible", (search) => {
  expect(parseView(search)).toEqual({ range: DEFAULT_RANGE, names: [] });
});

it("names an event once", () => {
  expect(parseView("?event=a&event=a").names).toEqual(["a"]);
});
