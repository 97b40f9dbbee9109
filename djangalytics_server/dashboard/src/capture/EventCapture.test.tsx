import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { problemAnswer } from "../testing/answers";
import { axeFaults } from "../testing/axe";
import { renderWithClient } from "../testing/page";
import { startServer, type Asked } from "../testing/server";
import { EventCapture } from "./EventCapture";

const CAPTURE = "POST /api/capture_event/";
const stored = ({ body }: Asked) => ({ status: 201, body: { ...(body as object), id: 7, status: "accepted" } });

function openForm(server = startServer({ [CAPTURE]: stored })) {
  const page = renderWithClient(<EventCapture zone="Europe/Berlin" names={["signup"]} csrfToken="csrf-1" />);
  const form = screen.getByRole("form", { name: "Capture event" });
  const name = within(form).getByLabelText<HTMLInputElement>("Event name");
  const posted = () => server.asked.filter(({ method }) => method === "POST");
  return { ...page, server, form, name, posted };
}

it("stores an event, says so, clears itself and keeps the focus", async () => {
  const { user, name, posted } = openForm();
  await user.type(name, "signup{Enter}");
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe("signup is captured."));
  expect([name.value, document.activeElement]).toEqual(["", name]);
  expect(posted()[0]?.body).toMatchObject({ event_name: "signup", source: "dashboard" });
  expect(posted()[0]?.headers.get("X-CSRF-Token")).toBe("csrf-1");
});

it("says what is wrong while it is typed, and sends nothing", async () => {
  const { user, form, name, posted } = openForm();
  await user.click(name);
  await user.paste("x".repeat(101));
  expect(form.textContent).toContain("At most 100 characters; this has 101.");
  expect(name.getAttribute("aria-invalid")).toBe("true");
  await user.keyboard("{Enter}");
  expect(posted()).toEqual([]);
});

it("asks for a name only once one tries without", async () => {
  const { user, form } = openForm();
  expect(form.textContent).not.toContain("Give the event a name.");
  await user.click(within(form).getByRole("button", { name: "Capture event" }));
  expect(form.textContent).toContain("Give the event a name.");
});

it("sends typed properties and the time with its offset", async () => {
  const { user, form, name, posted } = openForm();
  await user.type(name, "signup");
  await user.click(within(form).getByRole("button", { name: "Properties and time" }));
  await user.type(within(form).getByLabelText("Key of property 1"), "seats");
  await user.selectOptions(within(form).getByLabelText("Type of property 1"), "Number");
  await user.type(within(form).getByLabelText("Value of property 1"), "3");
  await user.click(within(form).getByRole("button", { name: "Add a property" }));
  await user.type(within(form).getByLabelText("Key of property 2"), "trial");
  await user.selectOptions(within(form).getByLabelText("Type of property 2"), "True/false");
  await user.type(within(form).getByLabelText("Time (optional)"), "2026-07-01T12:00");
  expect(await axeFaults()).toEqual([]);
  await user.click(within(form).getByRole("button", { name: "Capture event" }));
  await waitFor(() => expect(posted()).toHaveLength(1));
  expect(posted()[0]?.body).toMatchObject({
    properties: { seats: 3, trial: true },
    timestamp: "2026-07-01T12:00:00+02:00",
  });
});

it("sends properties written as JSON", async () => {
  const { user, form, name, posted } = openForm();
  await user.type(name, "signup");
  await user.click(within(form).getByRole("button", { name: "Properties and time" }));
  await user.click(within(form).getByRole("radio", { name: "JSON" }));
  await user.click(within(form).getByLabelText("Properties as JSON"));
  await user.paste('{"tags": ["a"]');
  expect(form.textContent).toContain("Not JSON yet");
  await user.paste("}");
  await user.click(within(form).getByRole("radio", { name: "Key and value" }));
  expect(form.textContent).toContain("Lists and objects have no place in rows");
  await user.click(within(form).getByRole("button", { name: "Capture event" }));
  await waitFor(() => expect(posted()[0]?.body).toMatchObject({ properties: { tags: ["a"] } }));
});

it("shows the server's refusal at the field it is about", async () => {
  const errors = [{ field: "event_name", code: "event_name_invalid", message: "This name is reserved." }];
  const refuse = () => ({ status: 400, body: problemAnswer(400, "event_name_invalid", errors) });
  const { user, name } = openForm(startServer({ [CAPTURE]: refuse }));
  await user.type(name, "signup{Enter}");
  const fault = await screen.findByText("This name is reserved.");
  expect(name.getAttribute("aria-describedby")).toBe(fault.id);
  expect(name.value).toBe("signup");
});

it("sends the same id again after a lost answer, so that one press too many is still one event", async () => {
  const { user, name, posted, server } = openForm();
  server.down = true;
  await user.type(name, "signup{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain("No answer from the server.");
  server.down = false;
  await user.keyboard("{Enter}");
  await waitFor(() => expect(name.value).toBe(""));
  const ids = posted().map(({ body }) => (body as { insert_id: string }).insert_id);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});
