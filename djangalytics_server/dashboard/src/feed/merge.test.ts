import { describe, expect, it } from "vitest";
import { parseEvent } from "../api/parse";
import { eventAnswer } from "../testing/answers";
import { addNewest, addOlder, beginFeed, type Feed } from "./merge";

const page = (ids: number[], next: string | null = "/older") => ({
  events: ids.map((id) => parseEvent(eventAnswer(id, "signup"))),
  next,
});
const ids = (feed: Feed) => feed.events.map(({ id }) => id);

it("shows the newest page and remembers where it began", () => {
  const feed = addNewest(beginFeed(page([3, 2, 1])), page([5, 4, 3]));
  expect(ids(feed)).toEqual([5, 4, 3]);
  expect(feed.firstHead).toBe(3);
});

describe("with older pages loaded", () => {
  const extended = addOlder(beginFeed(page([6, 5, 4])), page([3, 2], "/oldest"));

  it("puts arrivals on top and keeps the rest", () => {
    const feed = addNewest(extended, page([7, 6, 5]));
    expect([ids(feed), feed.next]).toEqual([[7, 6, 5, 4, 3, 2], "/oldest"]);
  });

  it("changes nothing when nothing arrived", () => {
    expect(addNewest(extended, page([6, 5, 4]))).toBe(extended);
  });

  it("begins anew rather than hide a gap", () => {
    const feed = addNewest(extended, page([20, 19, 18], "/next"));
    expect([ids(feed), feed.next]).toEqual([[20, 19, 18], "/next"]);
  });

  it("shows no event twice when pages overlap", () => {
    expect(ids(addOlder(extended, page([3, 2, 1])))).toEqual([6, 5, 4, 3, 2, 1]);
  });
});

it("becomes empty when the server's events are gone", () => {
  expect(ids(addNewest(beginFeed(page([1])), page([], null)))).toEqual([]);
});
