import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { problemAnswer, SESSION } from "../testing/answers";
import { axeFaults } from "../testing/axe";
import { openPage } from "../testing/page";
import { startServer } from "../testing/server";

const keyAnswer = (id: number, overrides: Record<string, unknown> = {}) => ({
  id,
  kind: "write",
  name: `key ${id}`,
  prefix: `djw_ab${id}c`,
  state: "active",
  created_at: new Date(Date.now() - 3 * 86_400_000).toISOString(),
  created_by: "Owner",
  last_used_at: null,
  expires_at: null,
  revoked_at: null,
  ...overrides,
});

/** A server that keeps keys as the real one does. */
function startKeys(first: ReturnType<typeof keyAnswer>[]) {
  const kept = [...first];
  const server = startServer({
    "GET /api/keys/": () => ({ body: kept }),
    "POST /api/keys/": ({ body }) => {
      const made = keyAnswer(kept.length + 1, body as Record<string, unknown>);
      kept.push(made);
      return { status: 201, body: { ...made, key: "djw_theWholeText" } };
    },
    "DELETE /api/keys/1/": () => {
      kept[0] = keyAnswer(1, { state: "revoked", revoked_at: new Date().toISOString() });
      return { status: 204 };
    },
    "POST /api/keys/1/rotate/": () => {
      kept.push(keyAnswer(7, { name: "key 1" }));
      return { status: 201, body: { ...keyAnswer(7, { name: "key 1" }), key: "djw_successor" } };
    },
  });
  return server;
}

const openSettings = () => openPage("", "/settings");

it("lists the keys that work, newest first, and the others apart", async () => {
  startKeys([
    keyAnswer(1, { last_used_at: new Date(Date.now() - 120_000).toISOString() }),
    keyAnswer(2, { kind: "read" }),
    keyAnswer(3, { state: "expired", expires_at: new Date(Date.now() - 86_400_000).toISOString() }),
  ]);
  openSettings();
  const keys = await screen.findByRole("list", { name: "Keys" });
  const rows = within(keys).getAllByRole("listitem").map(({ textContent }) => textContent);
  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatch(/key 2 read.*djw_ab2c….*made 3.*by Owner.*never used/);
  expect(rows[1]).toMatch(/key 1 write.*used 2/);
  expect(screen.getByText("Revoked and expired (1)")).toBeTruthy();
  expect(await axeFaults()).toEqual([]);
});

it("shows a new key once, with a way to copy it", async () => {
  const server = startKeys([]);
  const { user } = openSettings();
  expect(await screen.findByText("No key works here.")).toBeTruthy();
  await user.type(screen.getByLabelText("Key name"), " web shop ");
  await user.click(screen.getByRole("radio", { name: "Read" }));
  await user.selectOptions(screen.getByLabelText("Ends"), "In 90 days");
  await user.click(screen.getByRole("button", { name: "Make key" }));
  const fresh = await screen.findByRole("region", { name: "The new key" });
  expect(fresh.textContent).toContain("djw_theWholeText");
  expect(within(fresh).getByRole("button", { name: "Copy the key" })).toBeTruthy();
  expect(await axeFaults()).toEqual([]);
  const sent = server.asked.find(({ method }) => method === "POST");
  expect(sent?.headers.get("X-CSRF-Token")).toBe("csrf-1");
  const wish = sent?.body as { kind: string; name: string; expires_at: string };
  expect([wish.kind, wish.name]).toEqual(["read", "web shop"]);
  const days = (new Date(wish.expires_at).getTime() - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(90);
  await user.click(screen.getByRole("button", { name: "I have kept it" }));
  expect(screen.queryByText("djw_theWholeText")).toBeNull();
  expect(await screen.findByText("web shop")).toBeTruthy();
});

it("wants a name before it asks the server", async () => {
  const server = startKeys([]);
  const { user } = openSettings();
  await user.click(await screen.findByRole("button", { name: "Make key" }));
  expect(screen.getByText("Say what the key is for.")).toBeTruthy();
  expect(document.activeElement).toBe(screen.getByLabelText("Key name"));
  expect(server.asked.some(({ method }) => method === "POST")).toBe(false);
});

it("revokes after asking once more, and not when the reader thinks better of it", async () => {
  const server = startKeys([keyAnswer(1)]);
  const { user } = openSettings();
  await user.click(await screen.findByRole("button", { name: "Revoke key 1" }));
  expect(document.activeElement?.textContent).toBe("Keep as it is");
  expect(await axeFaults()).toEqual([]);
  await user.keyboard("{Enter}");
  expect(server.asked.some(({ method }) => method === "DELETE")).toBe(false);
  await user.click(screen.getByRole("button", { name: "Revoke key 1" }));
  await user.click(screen.getByRole("button", { name: "Revoke key" }));
  expect(await screen.findByText("Revoked and expired (1)")).toBeTruthy();
  expect(server.asked.find(({ method }) => method === "DELETE")?.headers.get("X-CSRF-Token")).toBe(
    "csrf-1",
  );
});

it("shows the successor of a rotated key", async () => {
  startKeys([keyAnswer(1)]);
  const { user } = openSettings();
  await user.click(await screen.findByRole("button", { name: "Rotate key 1" }));
  await user.click(screen.getByRole("button", { name: "Rotate key" }));
  expect(await screen.findByText("djw_successor")).toBeTruthy();
});

it("says beside the key what went wrong", async () => {
  const server = startKeys([keyAnswer(1)]);
  server.routes["DELETE /api/keys/1/"] = () => ({ status: 503, body: problemAnswer(503, "store_unavailable") });
  const { user } = openSettings();
  await user.click(await screen.findByRole("button", { name: "Revoke key 1" }));
  await user.click(screen.getByRole("button", { name: "Revoke key" }));
  expect(await screen.findByText("Because of a test.")).toBeTruthy();
});

it("asks nobody's keys of someone who is not signed in", async () => {
  const session = { ...SESSION, authenticated: false, user: null, csrf_token: null, mode: "development" };
  const server = startServer({ "GET /api/session/": () => ({ body: session }) });
  openSettings();
  expect(await screen.findByText("Sign in to manage this project")).toBeTruthy();
  expect(server.asked.some(({ path }) => path === "/api/keys/")).toBe(false);
});

it("goes there and back without loading the page anew", async () => {
  startKeys([keyAnswer(1)]);
  const { user } = openPage();
  await user.click(await screen.findByRole("link", { name: "Settings" }));
  expect(await screen.findByRole("heading", { name: "API keys" })).toBeTruthy();
  expect(window.location.pathname).toBe("/settings");
  await user.click(screen.getByRole("link", { name: "Dashboard" }));
  await waitFor(() => expect(screen.queryByRole("heading", { name: "API keys" })).toBeNull());
  expect(window.location.pathname).toBe("/");
});
