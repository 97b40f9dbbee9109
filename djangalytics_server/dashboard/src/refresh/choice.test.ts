import { expect, it } from "vitest";
import { keepUp, nextIn, parseChoice, rememberChoice, rememberedChoice } from "./choice";

it("refreshes every five seconds unless told otherwise", () => {
  expect(rememberedChoice()).toBe(5_000);
  expect(parseChoice("17")).toBe(5_000);
});

it("remembers the choice", () => {
  rememberChoice(0);
  expect(rememberedChoice()).toBe(0);
});

it("retries a failing server soon, whatever was chosen", () => {
  expect(nextIn(300_000, true)).toBe(5_000);
  expect(nextIn(1_000, true)).toBe(1_000);
  expect(nextIn(0, true)).toBe(5_000);
});

it("does nothing by itself when it is off", () => {
  expect(nextIn(0, false)).toBe(false);
  expect(keepUp(0).refetchOnWindowFocus).toBe(false);
});
