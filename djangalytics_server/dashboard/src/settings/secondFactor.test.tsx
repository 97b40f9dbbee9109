import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { memberAnswer, problemAnswer, SESSION } from "../testing/answers";
import { axeFaults } from "../testing/axe";
import { openPage } from "../testing/page";
import { startServer } from "../testing/server";

const PATH = "/api/account/second-factor/";
const APP = { secret: "ABCDEFGH", uri: "otpauth://totp/x", qr: "data:image/svg+xml,%3Csvg/%3E" };
const NOBODY = { ...SESSION, authenticated: false, can_read: false, user: null, project: null, projects: [], role: null, csrf_token: null };

const withUser = (more: Record<string, unknown>) => ({
  ...SESSION,
  user: { ...SESSION.user, email: "o@example.com", has_password: true, needs_current: true, ...more },
});

it("sets a second factor up, and shows the recovery codes once", async () => {
  let on = false;
  const server = startServer({
    "GET /api/session/": () => ({ body: withUser({ second_factor: on, recovery_codes: on ? 2 : 0 }) }),
    [`POST ${PATH}`]: () => ({ body: APP }),
    [`POST ${PATH}confirm/`]: ({ body }) => {
      on = (body as { code: string }).code === "123456";
      if (!on) return { status: 400, body: problemAnswer(400, "invalid_fields") };
      return { body: { recovery_codes: ["aaaa-bbbb", "cccc-dddd"] } };
    },
    [`DELETE ${PATH}`]: () => {
      on = false;
      return { status: 204 };
    },
  });
  const { user } = openPage("", "/settings");
  const panel = within(await screen.findByTestId("panel-second-factor"));
  await user.type(panel.getByLabelText("Your password"), "the one so far");
  await user.click(panel.getByRole("button", { name: "Set it up" }));
  const picture = await panel.findByRole<HTMLImageElement>("img", { name: "QR code for your app" });
  expect(picture.src).toBe(APP.qr);
  expect(panel.getByLabelText("Secret").textContent).toBe("ABCD EFGH");
  expect(await axeFaults()).toEqual([]);
  await user.type(panel.getByLabelText("The code it shows"), "000000");
  await user.click(panel.getByRole("button", { name: "Confirm" }));
  expect(await panel.findByText("Because of a test.")).toBeTruthy();
  await user.clear(panel.getByLabelText("The code it shows"));
  await user.type(panel.getByLabelText("The code it shows"), "123456");
  await user.click(panel.getByRole("button", { name: "Confirm" }));
  expect((await panel.findByLabelText("Recovery codes")).textContent).toBe("aaaa-bbbb\ncccc-dddd");
  await user.click(panel.getByRole("button", { name: "I have kept it" }));
  expect(screen.queryByText(/aaaa-bbbb/)).toBeNull();
  expect(await panel.findByText(/2 recovery codes are left/)).toBeTruthy();
  await user.type(panel.getByLabelText("Your password"), "the one so far");
  await user.click(panel.getByRole("button", { name: "Take it off" }));
  expect(await panel.findByText(/It is off/)).toBeTruthy();
  const proofs = server.asked.filter(({ path, method }) => path === PATH && method !== "GET");
  expect(proofs.map(({ body }) => body)).toEqual(
    Array<unknown>(2).fill({ current: "the one so far" }),
  );
});

it("wants a password first", async () => {
  startServer({});
  openPage("", "/settings");
  expect(await screen.findByText(/Set a password first/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Set it up" })).toBeNull();
});

it("asks for the code after the password", async () => {
  let inside = false;
  const server = startServer({
    "GET /api/session/": () => ({ body: inside ? SESSION : NOBODY }),
    "POST /api/session/": ({ body }) => {
      inside = (body as { code?: string }).code === "123456";
      return inside
        ? { status: 204 }
        : { status: 401, body: problemAnswer(401, "second_factor_required") };
    },
  });
  const { user } = openPage();
  await user.type(await screen.findByLabelText("E-mail address"), "o@example.com");
  await user.type(screen.getByLabelText("Password"), "right");
  expect(screen.queryByLabelText("Code")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  const code = await screen.findByLabelText("Code");
  expect(document.activeElement).toBe(code);
  expect(await axeFaults()).toEqual([]);
  await user.type(code, "123456");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText("Total events")).toBeTruthy();
  const sent = server.asked.filter(({ method }) => method === "POST").slice(0, 2);
  expect(sent.map(({ body }) => body)).toEqual([
    { email: "o@example.com", password: "right" },
    { email: "o@example.com", password: "right", code: "123456" },
  ]);
});

it("offers single sign-on where there is a provider, and comes back to the same place", async () => {
  startServer({ "GET /api/session/": () => ({ body: { ...NOBODY, single_sign_on: true } }) });
  openPage("?project=2", "/settings");
  const link = await screen.findByRole<HTMLAnchorElement>("link", { name: "Single sign-on" });
  expect(link.getAttribute("href")).toBe("/login/oidc/?next=%2Fsettings%3Fproject%3D2");
  expect(await axeFaults()).toEqual([]);
});

it("lets an owner take it off another, after asking once more", async () => {
  const people = [memberAnswer(1), memberAnswer(2, { second_factor: true })];
  const server = startServer({
    "GET /api/people/": () => ({ body: people }),
    "DELETE /api/people/2/second-factor/": () => {
      people[1] = memberAnswer(2);
      return { status: 204 };
    },
  });
  const { user } = openPage("", "/settings");
  await user.click(await screen.findByRole("button", { name: /Take the second factor off/ }));
  await user.click(screen.getByRole("button", { name: "Take it off" }));
  await screen.findAllByTestId("person");
  expect(server.asked.some(({ method, path }) => method === "DELETE" && path.endsWith("/2/second-factor/"))).toBe(true);
  await waitFor(() => expect(screen.queryByText("second factor")).toBeNull());
});
