import { expect, it } from "vitest";
import { applyTheme, nextTheme, rememberedTheme } from "./theme";

it("goes round", () => {
  expect(nextTheme(nextTheme(nextTheme("system")))).toBe("system");
});

it("is remembered and shown on the page", () => {
  applyTheme("dark");
  expect([rememberedTheme(), document.documentElement.dataset["theme"]]).toEqual(["dark", "dark"]);
  applyTheme("system");
  expect([rememberedTheme(), document.documentElement.dataset["theme"]]).toEqual(["system", undefined]);
});
