import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { deliveryAnswer, problemAnswer, producerAnswer } from "../testing/answers";
import { axeFaults } from "../testing/axe";
import { renderWithClient } from "../testing/page";
import { startServer } from "../testing/server";
import { DeliveryPanel } from "./DeliveryPanel";

const PATH = "GET /api/delivery/";

function show(body: unknown) {
  const server = startServer({ [PATH]: () => ({ body }) });
  return { server, ...renderWithClient(<DeliveryPanel choice={0} now={new Date()} />) };
}

/** The cells of a sender's row, as text. */
async function cells(process: RegExp): Promise<(string | null)[]> {
  const row = await screen.findByRole("row", { name: process });
  return within(row).getAllByRole("cell").map(({ textContent }) => textContent);
}

describe("the delivery panel", () => {
  it("says that nothing is missing, of all senders and of each", async () => {
    show(deliveryAnswer([producerAnswer("812", 48_213)], { tracked: 48_213, received: 48_213 }));
    const sums = await screen.findByRole("group", { name: "All senders" });
    expect(sums.textContent).toBe("0 of 48,213 missing1 sender. ");
    expect(await cells(/gunicorn\[812\]/)).toEqual(["0 of 48,213 missing", "0", "0", "0", "0", "now"]);
    expect(screen.getByText("complete")).toBeTruthy();
    expect(await axeFaults()).toEqual([]);
  });

  it("names the numbers that are missing, what came again or late, and what was given up and why", async () => {
    const numbers = {
      missing: 6,
      on_the_way: 9,
      dropped: 3,
      repeated: 500,
      late: 2,
      lost: [{ code: "queue_full", count: 12 }],
    };
    const producer = producerAnswer("7", 1_000, {
      ...numbers,
      state: "missing",
      missing_ranges: [[17, 1], [1_020, 5]],
      missing_truncated: true,
    });
    show(deliveryAnswer([producer], { ...numbers, tracked: 1_000, merged: 2, producers: 3 }));
    expect(await cells(/gunicorn\[7\]/)).toEqual([
      "6 of 1,000 missingNumbers 17, 1,020–1,024, and others",
      "9",
      "3Lost: queue full 12",
      "500",
      "2",
      "now",
    ]);
    expect(screen.getByRole("group", { name: "All senders" }).textContent).toBe(
      "6 of 1,000 missing3 senders. Of 2 older ones only sums are kept. Besides: 9 on the way · " +
        "3 given up by their sender · 12 lost by their sender, as it says · " +
        "500 came again, each stored once · 2 came late.",
    );
    expect(await axeFaults()).toEqual([]);
  });

  it("asks for the senders of one state, and says when there is none", async () => {
    const { server, user } = show(deliveryAnswer([producerAnswer("1", 5)], { tracked: 5 }, true));
    expect(await screen.findByText("The 1 heard last.")).toBeTruthy();
    server.routes[PATH] = () => ({ body: deliveryAnswer([], { tracked: 5, producers: 1 }) });
    await user.click(screen.getByRole("radio", { name: "Missing" }));
    expect(await screen.findByText("No such sender.")).toBeTruthy();
    expect(server.asked.map(({ query }) => query.get("state"))).toEqual([null, "missing"]);
  });

  it("says what to do while no sender numbers its events", async () => {
    show(deliveryAnswer([], { unreadable: [{ code: "producer_invalid", count: 4 }] }));
    const empty = await screen.findByTestId("delivery-empty");
    expect(empty.textContent).toContain("No sender has numbered its events yet.");
    expect(empty.textContent).toContain("pip install --upgrade djangalytics");
    expect(empty.textContent).toContain("The numbers of 4 events could not be read");
    expect(screen.queryByRole("radiogroup")).toBeNull();
    expect(await axeFaults()).toEqual([]);
  });

  it("keeps what it has when the next try fails, and says so", async () => {
    const { server, client } = show(deliveryAnswer([producerAnswer("1", 5)], { tracked: 5 }));
    await cells(/gunicorn\[1\]/);
    server.routes[PATH] = () => ({ status: 500, body: problemAnswer(500, "internal_error") });
    await client.refetchQueries({ queryKey: ["delivery"] });
    expect(await screen.findByText("The last try to refresh this failed.")).toBeTruthy();
    expect(await cells(/gunicorn\[1\]/)).toContain("0 of 5 missing");
  });

  it("shows markup in the name of a process as text", async () => {
    const process = "<img src=x onerror=alert(1)>";
    show(deliveryAnswer([producerAnswer("1", 1, { process })], { tracked: 1 }));
    expect(await screen.findByText(process)).toBeTruthy();
    expect(document.querySelector("img")).toBeNull();
  });
});
