import { describe, expect, it } from "vitest";
import { eventAnswer, problemAnswer, SESSION, statsAnswer } from "../testing/answers";
import { BadAnswer } from "./failure";
import { parseEvent, parseProblem, parseSession, parseStats } from "./parse";

describe("stats", () => {
  it("keeps rows, counts and verdicts", () => {
    const stats = parseStats(statsAnswer([{ date: "2026-11-22", event_name: "signup", count: 3 }]));
    expect(stats.daily).toEqual([{ date: "2026-11-22", name: "signup", count: 3 }]);
    expect(stats.counts).toEqual([{ name: "signup", count: 3 }]);
    expect(stats.total).toBe(3);
    expect(stats.verdicts.reasons).toEqual([{ code: "event_name_missing", count: 3 }]);
  });

  it.each([
    ["no object", []],
    ["a missing total", { ...statsAnswer([]), total_events: undefined }],
    ["a count that is text", { ...statsAnswer([]), event_counts: [{ event_name: "a", count: "1" }] }],
    ["an unknown interval", { ...statsAnswer([]), range: { tz: "UTC", interval: "year", starts: [] } }],
  ])("refuses %s", (_, body) => {
    expect(() => parseStats(body)).toThrow(BadAnswer);
  });
});

it("reads an event without properties as having none", () => {
  const { properties } = parseEvent(eventAnswer(1, "signup", { properties: null }));
  expect(properties).toEqual({});
});

it("reads a session without user and project", () => {
  const session = parseSession({ ...SESSION, user: null, project: null, csrf_token: null });
  expect(session).toMatchObject({ user: null, project: null, csrfToken: null, canRead: true });
});

describe("problems", () => {
  it("keep code, request id and field errors", () => {
    const errors = [{ field: "event_name", code: "event_name_invalid", message: "No." }];
    const problem = parseProblem(400, problemAnswer(400, "event_name_invalid", errors), null);
    expect(problem).toMatchObject({ status: 400, code: "event_name_invalid", requestId: "req-1" });
    expect(problem.errors).toEqual([{ index: null, ...errors[0] }]);
  });

  it("are made of the bare status when a proxy answers with a page", () => {
    expect(parseProblem(502, undefined, "req-2")).toMatchObject({
      status: 502,
      code: "http_502",
      requestId: "req-2",
    });
  });
});
