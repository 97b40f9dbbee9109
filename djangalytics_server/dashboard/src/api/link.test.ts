import { expect, it } from "vitest";
import { nextLink } from "./link";

it("finds the next page among several links", () => {
  const header = '</api/events/?a=1>; rel="prev", </api/events/?cursor=9&limit=50>; rel="next"';
  expect(nextLink(header)).toBe("/api/events/?cursor=9&limit=50");
});

it("keeps commas inside the target", () => {
  expect(nextLink('</api/events/?search=a,b&cursor=1>; rel=next')).toBe(
    "/api/events/?search=a,b&cursor=1",
  );
});

it("never leaves the server the page came from", () => {
  expect(nextLink('<http://elsewhere.test/api/events/?cursor=1>; rel="next"')).toBe(
    "/api/events/?cursor=1",
  );
});

it.each([null, "", '</x>; rel="prev"', '</x>; rel="nextish"'])("finds none in %j", (header) => {
  expect(nextLink(header)).toBeNull();
});
