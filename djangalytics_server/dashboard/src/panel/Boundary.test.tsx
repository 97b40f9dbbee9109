import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { Panel } from "./Panel";

it("keeps a fault inside its panel, and draws it again when asked", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const state = { broken: true };
  const Shaky = () => {
    if (state.broken) throw new Error("no such colour");
    return <p>drawn</p>;
  };
  render(
    <>
      <Panel title="Shares">
        <Shaky />
      </Panel>
      <Panel title="Event counts">fine</Panel>
    </>,
  );
  expect(screen.getByRole("alert").textContent).toContain("Shares could not be drawn.");
  expect(screen.getByText("fine")).toBeTruthy();
  state.broken = false;
  await userEvent.click(screen.getByRole("button", { name: "Draw it again" }));
  expect(screen.getByText("drawn")).toBeTruthy();
});
