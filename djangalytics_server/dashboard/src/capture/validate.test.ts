import { describe, expect, it } from "vitest";
import type { Json } from "../api/types";
import { nameFault, propertiesFault, USUAL_LIMITS } from "./validate";

function nested(depth: number): Json {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

describe("a name", () => {
  it.each(["signup", "  signup ", "a".repeat(100), "🙂".repeat(100), "<b>", "a b"])(
    "%j is fine",
    (name) => {
      expect(nameFault(name, USUAL_LIMITS)).toBeNull();
    },
  );

  it.each([
    ["", "Give the event a name."],
    ["   ", "Give the event a name."],
    ["a".repeat(101), "At most 100 characters; this has 101."],
    ["a\tb", "Control characters (such as a tab) are not allowed."],
    ["a\u0000b", "Control characters (such as a tab) are not allowed."],
    ["a\ud800", "This holds half a character."],
  ])("%j is refused", (name, fault) => {
    expect(nameFault(name, USUAL_LIMITS)).toBe(fault);
  });

  it("follows the server's own limit", () => {
    const limits = { ...USUAL_LIMITS, eventNameLength: 5 };
    expect(nameFault("signup", limits)).toBe("At most 5 characters; this has 6.");
  });
});

describe("properties", () => {
  it.each<[string, Record<string, Json>]>([
    ["a nested object", { a: nested(6) }],
    ["unusual keys", { "": 1, "a.b": null, "🙂": [true, "x"] }],
  ])("may be %s", (_, properties) => {
    expect(propertiesFault(properties, USUAL_LIMITS)).toBeNull();
  });

  it.each<[string, Record<string, Json>, string]>([
    ["a number out of range", { a: 1e300 }, "Numbers must be within ±2^63."],
    ["a lone surrogate", { a: ["\udfff"] }, "Text holds half a character."],
    ["U+0000", { a: "x\u0000" }, "Text must not contain U+0000."],
    ["a long key", { ["k".repeat(201)]: 1 }, "Keys have at most 200 characters."],
    ["much nesting", { a: nested(9) }, "Nested deeper than 8 levels."],
    ["much text", { a: "x".repeat(40_000) }, "More than 32768 bytes as JSON."],
    [
      "many keys",
      Object.fromEntries(Array.from({ length: 256 }, (_, index) => [`k${index}`, 1])),
      "At most 255 properties.",
    ],
  ])("are refused for %s", (_, properties, fault) => {
    expect(propertiesFault(properties, USUAL_LIMITS)).toBe(fault);
  });
});
