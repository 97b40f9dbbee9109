import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { eventAnswer, NO_VERDICTS, problemAnswer, SESSION, statsAnswer } from "./testing/answers";
import { axeFaults } from "./testing/axe";
import { openPage } from "./testing/page";
import { startServer } from "./testing/server";
import { dateIn, viewerZone } from "./zone/zone";

const TODAY = dateIn(viewerZone(), new Date());
const SHOP = statsAnswer(
  [
    { date: TODAY, event_name: "page_view", count: 90 },
    { date: TODAY, event_name: "signup", count: 30 },
    { date: TODAY, event_name: "purchase", count: 10 },
  ],
  { range: { from: null, to: null, tz: "UTC", interval: "day", starts: [TODAY] } },
);
const shop = () => ({ body: SHOP });
const recent = () => ({ body: [eventAnswer(2, "signup", { properties: { plan: "pro" } }), eventAnswer(1, "page_view")] });
const SHOP_ROUTES = { "GET /api/stats/": shop, "GET /api/events/": recent };
const refused = () => ({ status: 401, body: problemAnswer(401, "sign_in_required") });

describe("a project with events", () => {
  it("shows numbers, charts and feed, with nothing for axe to say", async () => {
    startServer(SHOP_ROUTES);
    openPage();
    const total = await screen.findByRole("group", { name: "Total events" });
    expect(total.textContent).toContain("130");
    for (const name of ["Daily trend", "Event counts", "Shares"]) {
      expect(screen.getByRole("figure", { name })).toBeTruthy();
    }
    const feed = await screen.findByRole("list", { name: "Live feed" });
    expect(within(feed).getAllByTestId("feed-event")).toHaveLength(2);
    expect(screen.getByText("Leaf & Kettle")).toBeTruthy();
    await waitFor(() => expect(document.querySelectorAll("svg.recharts-surface")).toHaveLength(3));
    expect(await axeFaults()).toEqual([]);
  });

  it("says the same in tables", async () => {
    startServer(SHOP_ROUTES);
    const { user } = openPage();
    await user.click(await screen.findByRole("button", { name: "Event counts as a table" }));
    const table = screen.getByRole("table", { name: "Event counts" });
    expect(within(table).getByRole("row", { name: /purchase/ }).textContent).toBe("purchase107.7%");
    await user.click(screen.getByRole("button", { name: "Daily trend as a table" }));
    expect(screen.getByRole("table", { name: "Daily trend" })).toBeTruthy();
    expect(await axeFaults()).toEqual([]);
  });

  it("tells why events were rejected, in words", async () => {
    startServer(SHOP_ROUTES);
    openPage();
    const ingest = await screen.findByRole("group", { name: "Ingest" });
    expect(ingest.textContent).toContain("3 without an event name");
  });

  it("filters to an event by its name, and keeps the filter in the address", async () => {
    const server = startServer(SHOP_ROUTES);
    const { user } = openPage("?range=7d");
    const counts = await screen.findByRole("figure", { name: "Event counts" });
    within(counts).getByRole("button", { name: "signup" }).focus();
    await user.keyboard("{Enter}");
    expect(window.location.search).toBe("?range=7d&event=signup");
    await waitFor(() =>
      expect(server.asked.some(({ path, query }) => path === "/api/events/" && query.has("event_name"))).toBe(true),
    );
    await user.click(screen.getByRole("button", { name: "Clear filter" }));
    expect(window.location.search).toBe("?range=7d");
  });

  it("takes a line out of the trend and puts it back", async () => {
    startServer(SHOP_ROUTES);
    const { user } = openPage();
    const lines = () => document.querySelectorAll(".recharts-line").length;
    await waitFor(() => expect(lines()).toBe(3));
    const legend = screen.getByRole("list", { name: "Lines shown" });
    const signup = within(legend).getByRole("button", { name: /signup/ });
    await user.click(signup);
    expect([signup.getAttribute("aria-pressed"), lines()]).toEqual(["false", 2]);
    await user.click(signup);
    expect(lines()).toBe(3);
  });

  it("changes the range, and reads it back from the address", async () => {
    startServer(SHOP_ROUTES);
    const { user } = openPage("?range=90d");
    const ranges = await screen.findByRole("radiogroup", { name: "Date range" });
    expect(within(ranges).getByRole("radio", { name: "Last 90 days" })).toHaveProperty("checked", true);
    await user.click(within(ranges).getByRole("radio", { name: "Today" }));
    expect(window.location.search).toBe("?range=today");
    await user.click(within(ranges).getByRole("radio", { name: "Custom" }));
    const form = screen.getByRole("form", { name: "Custom date range" });
    await user.clear(within(form).getByLabelText("From"));
    await user.type(within(form).getByLabelText("From"), "2999-01-01");
    expect(form.textContent).toContain("The first day is after the last.");
    await user.clear(within(form).getByLabelText("From"));
    await user.type(within(form).getByLabelText("From"), "2026-01-01");
    await user.click(within(form).getByRole("button", { name: "Apply" }));
    expect(window.location.search).toBe(`?from=2026-01-01&to=${TODAY}`);
  });

  it("shows markup in names and properties as text", async () => {
    const name = "<img src=x onerror=alert(1)>";
    const event = eventAnswer(1, name, { properties: { "<b>key</b>": "<script>alert(1)</script>" } });
    startServer({
      "GET /api/stats/": () => ({ body: statsAnswer([{ date: TODAY, event_name: name, count: 1 }]) }),
      "GET /api/events/": () => ({ body: [event] }),
    });
    openPage();
    const feed = await screen.findByRole("list", { name: "Live feed" });
    expect(within(feed).getByRole("button", { name })).toBeTruthy();
    expect(feed.textContent).toContain("<script>alert(1)</script>");
    expect(document.querySelector("img, b, script")).toBeNull();
  });

  it("loads older events below the newer ones", async () => {
    const headers = { Link: '</api/events/?cursor=2>; rel="next"' };
    startServer({
      ...SHOP_ROUTES,
      "GET /api/events/": ({ query }) =>
        query.has("cursor")
          ? { body: [eventAnswer(1, "first_ever")] }
          : { body: [eventAnswer(3, "signup"), eventAnswer(2, "signup")], headers },
    });
    const { user } = openPage();
    await user.click(await screen.findByRole("button", { name: "Load older" }));
    const feed = screen.getByRole("list", { name: "Live feed" });
    expect(await within(feed).findByRole("button", { name: "first_ever" })).toBeTruthy();
    expect(within(feed).getAllByTestId("feed-event")).toHaveLength(3);
    expect(screen.getByText("That is where it began.")).toBeTruthy();
  });
});

describe("a project without events", () => {
  it("shows the lines of Python that send the first", async () => {
    startServer({ "GET /api/stats/": () => ({ body: statsAnswer([], { verdicts: NO_VERDICTS }) }) });
    openPage();
    const empty = await screen.findByTestId("empty-state");
    expect(empty.textContent).toContain("pip install djangalytics");
    expect(empty.textContent).toContain('track("signup", {"plan": "pro"})');
    expect(await axeFaults()).toEqual([]);
  });

  it("is not mistaken for a range without events", async () => {
    startServer({
      "GET /api/stats/": ({ query }) => ({ body: query.get("interval") === "month" ? SHOP : statsAnswer([]) }),
    });
    const { user } = openPage("?event=signup");
    const nothing = await screen.findByTestId("nothing-in-range");
    expect(nothing.textContent).toContain("No events named signup in this range");
    await user.click(within(nothing).getByRole("button", { name: "Clear the filter" }));
    expect(window.location.search).toBe("");
  });
});

describe("when something is wrong", () => {
  it("keeps the last good numbers under a banner while the server is down, and recovers", async () => {
    const server = startServer(SHOP_ROUTES);
    const { user } = openPage();
    await screen.findByRole("list", { name: "Live feed" });
    server.down = true;
    await user.click(screen.getByRole("button", { name: /^Refresh now/ }));
    const banner = await screen.findByRole("alert");
    expect(banner.textContent).toContain("Is djangalytics-server still running? Retrying…");
    expect(screen.getByRole("group", { name: "Total events" }).textContent).toContain("130");
    expect(await axeFaults()).toEqual([]);
    server.down = false;
    await user.click(screen.getByRole("button", { name: /^Refresh now/ }));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  });

  it("says so while nothing was ever loaded, and tries again by itself", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const server = startServer(SHOP_ROUTES);
    server.down = true;
    openPage();
    await screen.findByRole("alert");
    server.down = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await screen.findByRole("group", { name: "Total events" })).toBeTruthy();
    vi.useRealTimers();
  });

  it("names the code and the request of a problem", async () => {
    startServer({ "GET /api/stats/": () => ({ status: 500, body: problemAnswer(500, "internal_error") }) });
    openPage();
    const banner = await screen.findByRole("alert");
    expect(banner.textContent).toContain("Code internal_error, request req-1");
  });

  it("tells how to sign in when nobody is, and notices when somebody does", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const server = startServer({
      ...SHOP_ROUTES,
      "GET /api/session/": () => ({ body: { ...SESSION, authenticated: false, can_read: false } }),
    });
    openPage();
    const signIn = await screen.findByTestId("sign-in");
    expect(signIn.textContent).toContain("djangalytics-server login-link");
    expect(server.asked.some(({ path }) => path === "/api/stats/")).toBe(false);
    server.routes["GET /api/session/"] = () => ({ body: SESSION });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await screen.findByRole("group", { name: "Total events" })).toBeTruthy();
    vi.useRealTimers();
  });

  it("shows the sign-in page when the session ends", async () => {
    const server = startServer(SHOP_ROUTES);
    const { user } = openPage();
    await screen.findByRole("group", { name: "Total events" });
    server.routes["GET /api/stats/"] = refused;
    server.routes["GET /api/session/"] = () => ({ body: { ...SESSION, authenticated: false, can_read: false } });
    await user.click(screen.getByRole("button", { name: /^Refresh now/ }));
    expect(await screen.findByTestId("sign-in")).toBeTruthy();
    expect(await axeFaults()).toEqual([]);
  });
});

it("signs out with the session's token and forgets what it showed", async () => {
  const server = startServer(SHOP_ROUTES);
  server.routes["POST /api/session/logout/"] = () => {
    server.routes["GET /api/session/"] = () => ({ body: { ...SESSION, authenticated: false, can_read: false } });
    return { status: 204 };
  };
  const { user } = openPage();
  await user.click(await screen.findByRole("button", { name: "Sign out owner" }));
  expect(await screen.findByTestId("sign-in")).toBeTruthy();
  const logout = server.asked.find(({ path }) => path === "/api/session/logout/");
  expect(logout?.headers.get("X-CSRF-Token")).toBe("csrf-1");
});

it("turns the theme and the refresh choice to what was chosen, for next time too", async () => {
  startServer(SHOP_ROUTES);
  const { user } = openPage();
  await screen.findByRole("group", { name: "Total events" });
  await user.click(screen.getByRole("button", { name: "Theme: as the system" }));
  expect(document.documentElement.dataset["theme"]).toBe("light");
  await user.selectOptions(await screen.findByRole("combobox", { name: "Auto-refresh" }), "Auto off");
  expect(localStorage.getItem("djangalytics.refresh")).toBe("0");
  expect(screen.getByText("Paused")).toBeTruthy();
});
