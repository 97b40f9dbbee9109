import { describe, expect, it } from "vitest";
import { Problem } from "../api/failure";
import { emptyDraft, checkDraft, switchMode, toCapture, type Draft } from "./draft";
import { faultsFrom } from "./faults";
import { readJson, readRows, toRows, type Row, type ValueType } from "./properties";
import { uuid7 } from "./uuid7";
import { USUAL_LIMITS } from "./validate";

const ZONE = "Europe/Berlin";
const row = (id: number, key: string, type: ValueType, value: string): Row => ({ id, key, type, value });
const draft = (changes: Partial<Draft>): Draft => ({ ...emptyDraft(), name: "signup", ...changes });

describe("rows", () => {
  it("make values of their types", () => {
    const rows = [
      row(0, "plan", "text", "pro"),
      row(1, "price", "number", " -29.5e1 "),
      row(2, "trial", "boolean", "false"),
      row(3, "coupon", "null", ""),
      row(4, "", "text", ""),
    ];
    expect(readRows(rows)).toEqual({
      ok: true,
      properties: { plan: "pro", price: -295, trial: false, coupon: null },
    });
  });

  it.each<[string, Row[], string]>([
    ["a value without key", [row(1, " ", "text", "x")], "Give this value a key."],
    ["text for a number", [row(1, "a", "number", "1,5")], "This is not a number (decimals take a point)."],
    ["no number at all", [row(1, "a", "number", "")], "This is not a number (decimals take a point)."],
    [
      "a number that would be rounded",
      [row(1, "a", "number", "9007199254740993")],
      "Too long to be kept exactly: send it as text.",
    ],
    ["a key twice", [row(0, "a", "text", "x"), row(1, "a", "text", "y")], "The key “a” is used twice."],
  ])("refuse %s", (_, rows, fault) => {
    expect(readRows(rows)).toEqual({ ok: false, fault, row: 1 });
  });

  it("hold a key that means something to JavaScript", () => {
    const reading = readRows([row(0, "__proto__", "text", "x")]);
    expect(reading.ok && JSON.stringify(reading.properties)).toBe('{"__proto__":"x"}');
  });
});

describe("JSON", () => {
  it.each(["[1]", "null", '"x"', "7"])("%s is no object", (text) => {
    expect(readJson(text)).toMatchObject({ ok: false, fault: "Properties are an object: { … }." });
  });

  it("says where it breaks off", () => {
    const reading = readJson('{"a": ');
    expect(reading.ok ? "" : reading.fault).toMatch(/^Not JSON yet: ./);
  });
});

describe("changing over between rows and JSON", () => {
  it("takes what was typed along, both ways", () => {
    const rows = draft({ rows: [row(0, "seats", "number", "3")] });
    const json = switchMode(rows, "json");
    expect(json?.json).toBe('{\n  "seats": 3\n}');
    expect(switchMode(json ?? rows, "rows")?.rows).toEqual([row(0, "seats", "number", "3")]);
  });

  it("is refused where something would be lost", () => {
    expect(switchMode(draft({ mode: "json", json: '{"a": [1]}' }), "rows")).toBeNull();
    expect(switchMode(draft({ mode: "json", json: "{" }), "rows")).toBeNull();
    expect(toRows({ a: { b: 1 } })).toBeNull();
  });
});

it("makes the event with trimmed name and local time", () => {
  const filled = draft({ name: " signup ", time: "2026-07-01T12:00", rows: [row(0, "a", "text", "b")] });
  expect(toCapture(filled, "id-1", ZONE)).toEqual({
    event_name: "signup",
    insert_id: "id-1",
    source: "dashboard",
    properties: { a: "b" },
    timestamp: "2026-07-01T12:00:00+02:00",
  });
});

it("leaves out what was left empty", () => {
  expect(Object.keys(toCapture(draft({}), "id-1", ZONE))).toEqual(["event_name", "insert_id", "source"]);
});

it("finds a time that the clock skipped", () => {
  const { time } = checkDraft(draft({ time: "2026-03-29T02:30" }), USUAL_LIMITS, ZONE);
  expect(time).toBe("No such time in Europe/Berlin: the clock was put forward over it.");
});

it("puts the server's errors at their fields", () => {
  const errors = [
    { index: null, field: "event_name", code: "event_name_invalid", message: "Reserved." },
    { index: null, field: "properties.plan", code: "too_deep", message: "" },
    { index: null, field: "timestamp", code: "timestamp_invalid", message: "Too old." },
    { index: null, field: "source", code: "source_invalid", message: "Odd." },
  ];
  expect(faultsFrom(new Problem(400, "invalid", "Refused", "", "r", errors))).toEqual({
    name: "Reserved.",
    properties: "too_deep",
    time: "Too old.",
    form: "source: Odd.",
  });
});

it("makes version 7 ids that begin with the time", () => {
  const id = uuid7(0x0190_0000_abcd, new Uint8Array(10).fill(255));
  expect(id).toBe("01900000-abcd-7fff-bfff-ffffffffffff");
});
