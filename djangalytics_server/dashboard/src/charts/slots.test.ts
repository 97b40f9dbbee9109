import { expect, it } from "vitest";
import { assignSlots, NO_SLOTS } from "./slots";

it("gives the leading six a colour each", () => {
  const slots = assignSlots(NO_SLOTS, ["a", "b", "c", "d", "e", "f", "g"]);
  expect([...slots]).toEqual([["a", 1], ["b", 2], ["c", 3], ["d", 4], ["e", 5], ["f", 6]]);
});

it("keeps colours when counts overtake each other", () => {
  const before = assignSlots(NO_SLOTS, ["a", "b"]);
  expect(assignSlots(before, ["b", "a"])).toBe(before);
});

it("keeps colours while a filter comes and goes", () => {
  const before = assignSlots(NO_SLOTS, ["a", "b", "c"]);
  expect(assignSlots(before, ["b"])).toBe(before);
});

it("takes a colour from a name that no longer leads only when one is needed", () => {
  const before = assignSlots(NO_SLOTS, ["a", "b", "c", "d", "e", "f"]);
  const after = assignSlots(before, ["new", "b", "c", "d", "e", "f"]);
  expect(after.get("new")).toBe(1);
  expect(after.has("a")).toBe(false);
  expect(new Set(after.values()).size).toBe(6);
});
