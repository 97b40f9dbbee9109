import { expect, it } from "vitest";
import { BadAnswer, describeFailure, needsSignIn, Problem, Unreachable } from "./failure";

const problem = (status: number, code: string) =>
  new Problem(status, code, "Too busy", "The disk is full.", "req-7");

it("asks whether the server runs when nothing answers", () => {
  const words = describeFailure(new Unreachable("no connection"));
  expect(words.advice).toBe("Is djangalytics-server still running? Retrying…");
});

it("takes a proxy's bad gateway for a server that is not there", () => {
  const words = describeFailure(new Problem(502, "http_502", "HTTP 502", "", null));
  expect(words.title).toBe("No answer from the server.");
});

it("names code and request of a problem", () => {
  const words = describeFailure(problem(503, "store_unavailable"));
  expect(words).toEqual({
    title: "Too busy.",
    advice: "The disk is full. Retrying…",
    reference: "Code store_unavailable, request req-7",
  });
});

it("says that an answer was not understood", () => {
  expect(describeFailure(new BadAnswer("total is not a number")).reference).toBe(
    "total is not a number",
  );
});

it("asks to sign in for 401 alone", () => {
  expect(needsSignIn(problem(401, "sign_in_required"))).toBe(true);
  expect(needsSignIn(problem(403, "forbidden"))).toBe(false);
});
