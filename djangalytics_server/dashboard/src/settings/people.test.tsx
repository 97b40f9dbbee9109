import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { browserAnswer, invitationAnswer, memberAnswer, problemAnswer, PROJECT, SESSION } from "../testing/answers";
import { axeFaults } from "../testing/axe";
import { openPage } from "../testing/page";
import { startServer } from "../testing/server";

const openSettings = () => openPage("", "/settings");
const SHOP = { ...PROJECT, id: 2, name: "Shop" };
const OTHER = { ...PROJECT, id: 3, name: "Blog", organisation: { id: 2, name: "Acme" }, role: "viewer" };

/** A server that answers for the project that is named, as the real one does. */
function startProjects(...projects: (typeof PROJECT)[]) {
  return startServer({
    "GET /api/session/": ({ headers }) => {
      const named = headers.get("X-Project") ?? String(projects[0]?.id);
      const project = projects.find(({ id }) => String(id) === named) ?? null;
      const role = project?.role ?? null;
      return { body: { ...SESSION, can_read: project !== null, project, projects, role } };
    },
  });
}

it("switches the project, and every question names it", async () => {
  const server = startProjects(PROJECT, SHOP, OTHER);
  const { user } = openPage();
  const switcher = await screen.findByRole("combobox", { name: "Project" });
  expect(within(switcher).getAllByRole("group").map((group) => group.getAttribute("label"))).toEqual([
    "Tea Ltd.",
    "Acme",
  ]);
  await user.selectOptions(switcher, "Shop");
  await waitFor(() => expect(window.location.search).toBe("?project=2"));
  server.asked.length = 0;
  await user.click(await screen.findByRole("link", { name: "Settings" }));
  expect(await screen.findByRole("heading", { name: "Shop project" })).toBeTruthy();
  expect(window.location.pathname + window.location.search).toBe("/settings?project=2");
  await waitFor(() => expect(server.asked.some(({ path }) => path === "/api/keys/")).toBe(true));
  expect(new Set(server.asked.map(({ headers }) => headers.get("X-Project")))).toEqual(new Set(["2"]));
});

it("says so when the address names a project that is not the reader's", async () => {
  startProjects(PROJECT);
  const { user } = openPage("?project=9");
  expect(await screen.findByRole("heading", { name: "This project is not here" })).toBeTruthy();
  expect(await axeFaults()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Open Leaf & Kettle" }));
  expect(await screen.findByText("Leaf & Kettle")).toBeTruthy();
  expect(window.location.search).toBe("?project=1");
});

it("goes back to the project that the address names", async () => {
  startProjects(PROJECT, SHOP);
  const { user } = openPage("?project=1");
  await user.selectOptions(await screen.findByRole("combobox", { name: "Project" }), "Shop");
  await waitFor(() => expect(window.location.search).toBe("?project=2"));
  window.history.back();
  const switcher = () => screen.getByRole<HTMLSelectElement>("combobox", { name: "Project" });
  await waitFor(() => expect(window.location.search).toBe("?project=1"));
  await waitFor(() => expect(switcher().value).toBe("1"));
});

it("forgets a project that was chosen on another server at this address", async () => {
  localStorage.setItem("djangalytics-project", "7");
  const dev = { ...SESSION, authenticated: false, mode: "development", user: null, role: null, projects: [] };
  startServer({
    "GET /api/session/": ({ headers }) => {
      const gone = headers.get("X-Project") !== null;
      return { body: { ...dev, can_read: !gone, project: gone ? null : PROJECT } };
    },
  });
  openPage();
  expect(await screen.findByText("Leaf & Kettle")).toBeTruthy();
  expect(localStorage.getItem("djangalytics-project")).toBeNull();
});

it("lists people and invitations, and shows a new link once", async () => {
  const invited = [invitationAnswer(1, "grace@example.com")];
  const server = startServer({
    "GET /api/people/": () => ({ body: [memberAnswer(1), memberAnswer(2)] }),
    "GET /api/invitations/": () => ({ body: invited }),
    "POST /api/invitations/": ({ body }) => {
      const { email, role } = body as { email: string; role: string };
      invited.push(invitationAnswer(2, email, role));
      return { status: 201, body: { ...invited[1], link: "http://x/join#secret" } };
    },
  });
  const { user } = openSettings();
  const people = await screen.findByRole("list", { name: "People" });
  await waitFor(() => expect(within(people).getAllByRole("listitem")).toHaveLength(2));
  expect(people.textContent).toMatch(/owner you.*person 2/);
  expect(screen.getByText("grace@example.com")).toBeTruthy();
  await user.type(screen.getByLabelText("Their e-mail address"), "ada@example.com");
  await user.selectOptions(screen.getByLabelText("Role"), "Admin");
  await user.click(screen.getByRole("button", { name: "Make invitation link" }));
  const shown = await screen.findByRole("region", { name: "The new link" });
  expect(shown.textContent).toContain("http://x/join#secret");
  expect(await axeFaults()).toEqual([]);
  const sent = server.asked.find(({ method }) => method === "POST");
  expect(sent?.body).toEqual({ email: "ada@example.com", role: "admin" });
  await user.click(within(shown).getByRole("button", { name: "I have kept it" }));
  expect(screen.queryByText("http://x/join#secret")).toBeNull();
});

it("gives roles, and says beside the person why not", async () => {
  const server = startServer({
    "GET /api/people/": () => ({ body: [memberAnswer(1), memberAnswer(2)] }),
    "PATCH /api/people/1/": () => ({ status: 409, body: problemAnswer(409, "last_owner") }),
    "PATCH /api/people/2/": () => ({ body: memberAnswer(2, { role: "viewer" }) }),
    "DELETE /api/people/2/": () => ({ status: 204 }),
  });
  const { user } = openSettings();
  await user.selectOptions(await screen.findByLabelText("Role of person 2"), "Viewer");
  expect(server.asked.find(({ method }) => method === "PATCH")?.body).toEqual({ role: "viewer" });
  await user.selectOptions(screen.getByLabelText("Role of owner"), "Viewer");
  expect(await screen.findByText("Because of a test.")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Remove person 2" }));
  expect(document.activeElement?.textContent).toBe("Keep as it is");
  await user.click(screen.getByRole("button", { name: "Remove person" }));
  await waitFor(() => expect(server.asked.some(({ method }) => method === "DELETE")).toBe(true));
});

it("names the web pages that may send, and the sources, one a line", async () => {
  const server = startServer({ "PATCH /api/projects/1/": () => ({ body: {} }) });
  const { user } = openSettings();
  const origins = await screen.findByLabelText("Web pages that may send events");
  await user.click(origins);
  await user.paste("https://shop.example\n\n https://www.shop.example \n");
  await user.click(screen.getByLabelText("Allowed sources"));
  await user.paste("web");
  const panel = within(screen.getByTestId("panel-project"));
  await user.click(panel.getByRole("button", { name: "Save" }));
  expect(await panel.findByText("Saved.")).toBeTruthy();
  expect(server.asked.find(({ method }) => method === "PATCH")?.body).toMatchObject({
    origins: ["https://shop.example", "https://www.shop.example"],
    sources: ["web"],
  });
});

it("limits how fast the project may be sent to", async () => {
  const server = startServer({ "PATCH /api/projects/1/": () => ({ body: {} }) });
  const { user } = openSettings();
  const panel = within(await screen.findByTestId("panel-project"));
  const asked = () => server.asked.findLast(({ method }) => method === "PATCH")?.body;
  const save = () => user.click(panel.getByRole("button", { name: "Save" }));
  expect(panel.queryByLabelText("Events at once, at most")).toBeNull();
  await user.type(panel.getByLabelText("Events a second, at most"), "50");
  expect(panel.getByText("Empty: a minute's worth, 3,000.")).toBeTruthy();
  await save();
  expect(await panel.findByText("Saved.")).toBeTruthy();
  expect(asked()).toMatchObject({ limit: { rate: 50 } });
  await user.type(panel.getByLabelText("Events at once, at most"), "200");
  await save();
  await waitFor(() => expect(asked()).toMatchObject({ limit: { rate: 50, at_once: 200 } }));
  await user.clear(panel.getByLabelText("Events a second, at most"));
  expect(await axeFaults()).toEqual([]);
  await save();
  await waitFor(() => expect(asked()).toMatchObject({ limit: null }));
});

it("renames the organisation", async () => {
  const server = startServer({ "PATCH /api/organisation/": () => ({ body: {} }) });
  const { user } = openSettings();
  await user.click(await screen.findByText("Rename the organisation…"));
  await user.clear(screen.getByLabelText("Organisation name"));
  await user.type(screen.getByLabelText("Organisation name"), " Tea Inc. ");
  await user.click(screen.getByRole("button", { name: "Rename" }));
  expect(await screen.findByText("Renamed.")).toBeTruthy();
  expect(server.asked.find(({ method }) => method === "PATCH")?.body).toEqual({ name: "Tea Inc." });
});

it("deletes a project only by its name", async () => {
  const server = startServer({ "DELETE /api/projects/1/": () => ({ status: 204 }) });
  const { user } = openSettings();
  await user.click(await screen.findByText("Delete this project…"));
  const way = screen.getByRole<HTMLButtonElement>("button", { name: "Delete project" });
  await user.type(screen.getByLabelText("Type Leaf & Kettle to delete it"), "Leaf & Kettl");
  expect(way.disabled).toBe(true);
  await user.type(screen.getByLabelText("Type Leaf & Kettle to delete it"), "e");
  await user.click(way);
  await waitFor(() => expect(window.location.pathname).toBe("/"));
  expect(server.asked.find(({ method }) => method === "DELETE")?.body).toEqual({ name: "Leaf & Kettle" });
});

it("shows a viewer their own account alone", async () => {
  const viewer = { ...PROJECT, role: "viewer" };
  const server = startProjects(viewer);
  openSettings();
  expect(await screen.findByText("You are viewer here.")).toBeTruthy();
  expect(await screen.findByText("This browser")).toBeTruthy();
  expect(screen.queryByText("API keys")).toBeNull();
  expect(await axeFaults()).toEqual([]);
  expect(server.asked.some(({ path }) => path === "/api/people/")).toBe(false);
});

it("sets e-mail address and password after the terminal's link, and ends other sessions", async () => {
  const browsers = [browserAnswer(1), browserAnswer(2)];
  const server = startServer({
    "GET /api/account/sessions/": () => ({ body: browsers }),
    "DELETE /api/account/sessions/2/": () => {
      browsers.pop();
      return { status: 204 };
    },
    "PATCH /api/account/": () => ({ body: {} }),
    "POST /api/account/password/": () => ({ status: 204 }),
  });
  const { user } = openSettings();
  await user.click(await screen.findByRole("button", { name: "End the session from 192.0.2.2" }));
  await waitFor(() => expect(screen.queryByText("Another browser")).toBeNull());
  await user.type(screen.getByLabelText("Your e-mail address"), "o@example.com");
  await user.type(screen.getByLabelText("New password"), "a good long one");
  await user.click(screen.getByRole("button", { name: "Save account" }));
  expect(await screen.findByText("Saved. Your other sessions have ended.")).toBeTruthy();
  const sent = server.asked.filter(({ path, method }) => path.startsWith("/api/account/") && method !== "GET" && method !== "DELETE");
  expect(sent.map(({ body }) => body)).toEqual([
    { name: "owner", email: "o@example.com" },
    { password: "a good long one" },
  ]);
});

const NOBODY = { ...SESSION, authenticated: false, can_read: false, user: null, project: null, projects: [], role: null, csrf_token: null };

it("signs in by password, and says what the server says", async () => {
  let inside = false;
  const server = startServer({
    "GET /api/session/": () => ({ body: inside ? SESSION : NOBODY }),
    "POST /api/session/": ({ body }) => {
      inside = (body as { password: string }).password === "right";
      return inside ? { status: 204 } : { status: 401, body: problemAnswer(401, "sign_in_failed") };
    },
  });
  const { user } = openPage();
  await user.type(await screen.findByLabelText("E-mail address"), "o@example.com");
  await user.type(screen.getByLabelText("Password"), "wrong");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText("Because of a test.")).toBeTruthy();
  expect(await axeFaults()).toEqual([]);
  await user.clear(screen.getByLabelText("Password"));
  await user.type(screen.getByLabelText("Password"), "right");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText("Leaf & Kettle")).toBeTruthy();
  expect(server.asked.filter(({ method }) => method === "POST")).toHaveLength(2);
});

it("joins by an invitation's link, whose token the server only gets in a body", async () => {
  const offer = { organisation: "Tea Ltd.", email: "ada@example.com", role: "analyst", invited_by: "owner", expires_at: "x" };
  const server = startServer({
    "POST /api/invitations/look/": () => ({ body: offer }),
    "POST /api/invitations/accept/": () => ({ status: 204 }),
  });
  const { user } = openPage("#a-token", "/join");
  expect(await screen.findByRole("heading", { name: "Join Tea Ltd." })).toBeTruthy();
  expect(await axeFaults()).toEqual([]);
  await user.type(screen.getByLabelText("Your name"), "Ada");
  await user.type(screen.getByLabelText("Password"), "a good long one");
  await user.click(screen.getByRole("button", { name: "Join" }));
  await waitFor(() => expect(window.location.pathname).toBe("/"));
  expect(window.location.hash).toBe("");
  const sent = server.asked.find(({ path }) => path === "/api/invitations/accept/");
  expect(sent?.body).toEqual({ token: "a-token", name: "Ada", password: "a good long one" });
});

it("says why an invitation cannot be used", async () => {
  startServer({ "POST /api/invitations/look/": () => ({ status: 404, body: problemAnswer(404, "not_found") }) });
  openPage("#gone", "/join");
  expect(await screen.findByRole("heading", { name: "This invitation cannot be used" })).toBeTruthy();
  expect(screen.getByRole("alert").textContent).toBe("Because of a test.");
});
