import { expect, it } from "vitest";
import { eventAnswer, problemAnswer } from "../testing/answers";
import { startServer } from "../testing/server";
import { captureEvent, fetchEvents, fetchStats, signOut } from "./endpoints";
import { BadAnswer, Problem, Unreachable } from "./failure";

it("sends the range, the zone and every name", async () => {
  const server = startServer();
  await fetchStats({
    from: "2026-11-01",
    to: null,
    interval: "day",
    tz: "Europe/Berlin",
    names: ["signup", "a&b"],
  });
  const { query } = server.asked[0] ?? {};
  expect(query?.get("tz")).toBe("Europe/Berlin");
  expect(query?.has("to")).toBe(false);
  expect(query?.getAll("event_name")).toEqual(["signup", "a&b"]);
});

it("takes the cursor of the next page from the Link header", async () => {
  const headers = { Link: '</api/events/?cursor=5>; rel="next"' };
  startServer({ "GET /api/events/": () => ({ body: [], headers }) });
  expect(await fetchEvents("/api/events/")).toEqual({ events: [], next: "/api/events/?cursor=5" });
});

it("carries the token on writes", async () => {
  const server = startServer({ "POST /api/session/logout/": () => ({ status: 204 }) });
  await signOut("csrf-1");
  expect(server.asked[0]?.headers.get("X-CSRF-Token")).toBe("csrf-1");
});

it("turns a refusal into a Problem", async () => {
  startServer({
    "POST /api/capture_event/": () => ({ status: 400, body: problemAnswer(400, "too_deep") }),
  });
  const event = { event_name: "a", insert_id: "i", source: "dashboard" };
  await expect(captureEvent(event, null)).rejects.toThrow(Problem);
});

it("calls a server that is down unreachable", async () => {
  const server = startServer();
  server.down = true;
  await expect(fetchEvents("/api/events/")).rejects.toThrow(Unreachable);
});

it("asks for what it has by its tag, and keeps it when nothing changed", async () => {
  const headers = { ETag: 'W/"one"', Link: '</api/events/?cursor=5>; rel="next"' };
  const server = startServer({
    "GET /api/events/": ({ headers: asked }) =>
      asked.get("If-None-Match") === 'W/"one"' ? { status: 304 } : { body: [eventAnswer(7, "signup")], headers },
  });
  const first = await fetchEvents("/api/events/?limit=1");
  expect(first.events).toHaveLength(1);
  expect(await fetchEvents("/api/events/?limit=1")).toEqual(first);
  await fetchEvents("/api/events/?limit=2");
  const tags = server.asked.map(({ headers: asked }) => asked.get("If-None-Match"));
  expect(tags).toEqual([null, 'W/"one"', null]);
});

it("keeps nothing of whoever signs out", async () => {
  const server = startServer({
    "GET /api/events/": () => ({ body: [], headers: { ETag: 'W/"one"' } }),
    "POST /api/session/logout/": () => ({ status: 204 }),
  });
  await fetchEvents("/api/events/");
  await signOut(null);
  await fetchEvents("/api/events/");
  expect(server.asked.at(-1)?.headers.has("If-None-Match")).toBe(false);
});

it("takes what has changed under a new tag", async () => {
  let tag = 'W/"one"';
  startServer({
    "GET /api/events/": ({ headers: asked }) =>
      asked.get("If-None-Match") === tag
        ? { status: 304 }
        : { body: tag === 'W/"one"' ? [] : [eventAnswer(7, "signup")], headers: { ETag: tag } },
  });
  expect((await fetchEvents("/api/events/")).events).toHaveLength(0);
  tag = 'W/"two"';
  for (let turn = 0; turn < 2; turn++) {
    expect((await fetchEvents("/api/events/")).events).toHaveLength(1);
  }
});

it("refuses a page where JSON was promised", async () => {
  startServer({ "GET /api/events/": () => ({ body: "<h1>Welcome to the hotel's Wi-Fi</h1>" }) });
  await expect(fetchEvents("/api/events/")).rejects.toThrow(BadAnswer);
});
