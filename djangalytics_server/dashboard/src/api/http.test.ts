import { expect, it } from "vitest";
import { problemAnswer } from "../testing/answers";
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

it("refuses a page where JSON was promised", async () => {
  startServer({ "GET /api/events/": () => ({ body: "<h1>Welcome to the hotel's Wi-Fi</h1>" }) });
  await expect(fetchEvents("/api/events/")).rejects.toThrow(BadAnswer);
});
