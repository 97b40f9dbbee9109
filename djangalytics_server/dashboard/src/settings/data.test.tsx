import { screen, waitFor, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { erasureAnswer, retentionAnswer, sendingAnswer, trailAnswer } from "../testing/answers";
import { axeFaults } from "../testing/axe";
import { openPage } from "../testing/page";
import { startServer } from "../testing/server";

const open = () => openPage("", "/settings");

it("says what a shorter time removes, and removes it when that was confirmed", async () => {
  let kept: Record<string, unknown> = retentionAnswer({ events: 1_000, oldest: "2026-01-31" });
  const server = startServer({
    "GET /api/retention/": ({ query }) => ({ body: { ...kept, due: query.has("days") ? 400 : 0 } }),
    "PATCH /api/retention/": ({ body }) => {
      const { days } = body as { days: number };
      const run = { state: "running", days, began_at: "2026-11-22T18:49:34Z", ended_at: null, removed: 100 };
      kept = retentionAnswer({ days, events: 900, removed: 100, run });
      return { body: kept };
    },
  });
  const { user } = open();
  const panel = within(await screen.findByTestId("panel-retention"));
  expect(await panel.findByText(/1,000 events are here, the oldest from 2026-01-31/)).toBeTruthy();
  await user.click(panel.getByRole("radio", { name: "So many days" }));
  const save = await panel.findByRole("button", { name: "Save and remove 400 events" });
  expect(save.hasAttribute("disabled")).toBe(true);
  expect(await axeFaults()).toEqual([]);
  await user.clear(panel.getByLabelText("Days after they arrived"));
  expect(panel.getByText("From 1 to 36,500 days.")).toBeTruthy();
  await user.type(panel.getByLabelText("Days after they arrived"), "30");
  await user.click(await panel.findByRole("checkbox", { name: /Remove 400 events/ }));
  await user.click(panel.getByRole("button", { name: "Save and remove 400 events" }));
  expect(await panel.findByText("Removing: 100 removed, 0 to go")).toBeTruthy();
  expect(panel.getByRole("progressbar", { name: "Removal of old events" })).toBeTruthy();
  const sent = server.asked.find(({ method }) => method === "PATCH");
  expect([sent?.body, sent?.headers.get("X-CSRF-Token")]).toEqual([{ days: 30 }, "csrf-1"]);
});

it("erases a person whose id was typed twice, and shows how far that is", async () => {
  const list: Record<string, unknown>[] = [];
  const server = startServer({
    "GET /api/erasures/": () => ({ body: list }),
    "POST /api/erasures/": () => {
      list.unshift(erasureAnswer(1, { state: "running", events: 5_000, of: 12_000, ended_at: null }));
      return { status: 202, body: list[0] };
    },
  });
  const { user } = open();
  const panel = within(await screen.findByTestId("panel-erase"));
  await user.type(panel.getByLabelText("Their distinct id"), "ada@example.com");
  await user.type(panel.getByLabelText("The same id again"), "adb");
  expect(panel.getByText("That is another id.")).toBeTruthy();
  const button = panel.getByRole("button", { name: "Erase person" });
  expect(button.hasAttribute("disabled")).toBe(true);
  await user.clear(panel.getByLabelText("The same id again"));
  await user.type(panel.getByLabelText("The same id again"), "ada@example.com");
  await user.click(button);
  expect(await panel.findByText("Erasing: 5,000 of 12,000 events")).toBeTruthy();
  expect(await axeFaults()).toEqual([]);
  list[0] = erasureAnswer(1, { events: 12_000, rejected: 2 });
  expect(await panel.findByText(/12,000 events and 2 refused ones erased · asked by owner/)).toBeTruthy();
  expect(panel.getByLabelText("Their distinct id")).toHaveProperty("value", "");
  const sent = server.asked.filter(({ method }) => method === "POST");
  expect(sent.map(({ body }) => body)).toEqual([{ distinct_id: "ada@example.com" }]);
});

it("shows what came with which key, what was refused, and what is left", async () => {
  const refused = { refused_key: 2, refused_address: 1, refused_project: 4 };
  const sent = { requests: 3, events: 1_500, ...refused };
  const sender = { key: "djw_8uK4", name: "web shop", hour: sent, day: sent, left: 1_199_000 };
  const none = { requests: 0, events: 0, refused_key: 0, refused_address: 0, refused_project: 0 };
  const keyless = { key: null, name: null, hour: none, day: none, left: null };
  const redis = { answers: false, went_away: 1 };
  startServer({ "GET /api/sending/": () => ({ body: sendingAnswer([keyless, sender], { redis }) }) });
  open();
  const panel = within(await screen.findByTestId("panel-sending"));
  const [, first, second] = await panel.findAllByRole("row");
  expect(first?.textContent).toBe("Without a key0000–");
  expect(second?.textContent).toBe("web shop djw_8uK4…1,50071,50071,199,000");
  expect(panel.getByText(/A key: 20,000 events a second, 1,200,000 at once/)).toBeTruthy();
  expect(panel.queryByTestId("project-left")).toBeNull();
  expect(panel.getByText(/Redis does not answer/)).toBeTruthy();
  expect(await axeFaults()).toEqual([]);
});

it("shows the project's own limit, and what may be sent to it now", async () => {
  const rate = { rate: 20_000, at_once: 1_200_000 };
  const limits = { key: rate, address: null, project: { rate: 50, at_once: 3_000 } };
  startServer({ "GET /api/sending/": () => ({ body: sendingAnswer([], { limits, left: 2_750 }) }) });
  open();
  const panel = within(await screen.findByTestId("panel-sending"));
  expect((await panel.findByTestId("project-left")).textContent).toBe(
    "2,750 events may be sent to the project now.",
  );
  expect(panel.getByText(/The project: 50 events a second, 3,000 at once\./)).toBeTruthy();
});

it("searches the audit trail, reads on, and takes it out as a file", async () => {
  const link = { Link: '</api/audit/?cursor=7>; rel="next"' };
  const server = startServer({
    "GET /api/audit/": ({ query }) =>
      query.has("cursor")
        ? { body: [trailAnswer(1, { details: { id: 3, replaces: 2 } })] }
        : { body: [trailAnswer(7, { action: "key.revoke", address: null })], headers: link },
    "GET /api/audit/export/": () => ({ body: "id,at\r\n" }),
  });
  URL.createObjectURL = vi.fn(() => "blob:audit");
  URL.revokeObjectURL = vi.fn();
  const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
  const { user } = open();
  const panel = within(await screen.findByTestId("panel-trail"));
  expect((await panel.findByTestId("trail-entry")).textContent).toMatch(/^key 7 key.revokeowner · /);
  await user.click(panel.getByRole("button", { name: "Earlier" }));
  expect(await panel.findByText(/id: 3, replaces: 2/)).toHaveProperty(
    "textContent",
    expect.stringMatching(/^owner from 192.0.2.7 · .* · id: 3, replaces: 2$/),
  );
  expect(await axeFaults()).toEqual([]);
  await user.type(panel.getByLabelText("Done by"), "Ada{Enter}");
  await user.selectOptions(panel.getByLabelText("What"), "key.revoke");
  const wanted = { actor: "Ada", action: "key.revoke" };
  const asked = () => server.asked.findLast(({ path }) => path.startsWith("/api/audit/"));
  await waitFor(() => expect(Object.fromEntries(asked()?.query ?? [])).toEqual(wanted));
  await user.click(panel.getByRole("button", { name: "Export CSV" }));
  await waitFor(() => expect(clicked).toHaveBeenCalledOnce());
  expect(asked()?.path).toBe("/api/audit/export/");
  expect(Object.fromEntries(asked()?.query ?? [])).toEqual({ ...wanted, format: "csv" });
});

it("says why a search cannot be answered", async () => {
  startServer({
    "GET /api/audit/": () => ({
      status: 400,
      body: { type: "x", title: "No", status: 400, code: "invalid_parameter", detail: "from lies before to." },
    }),
  });
  open();
  const panel = within(await screen.findByTestId("panel-trail"));
  expect(await panel.findByText("from lies before to.")).toBeTruthy();
});
