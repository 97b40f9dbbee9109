import { useQuery } from "@tanstack/react-query";
import { fetchSending, type KeySender, type Sending, type Sent } from "../api/data";
import type { Rate } from "../api/types";
import { DataTable } from "../panel/DataTable";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import { isFailing } from "../states/failing";
import { number } from "../zone/format";

const AGAIN_MS = 3_000;
const FRESH_MS = 10_000;
const COLUMNS = ["Key", "Events, hour", "Refused, hour", "Events, day", "Refused, day", "Left now"];

/** What came with which key, what was too fast, and what may be sent now. */
export function SendingPanel() {
  const sending = useQuery({
    queryKey: ["sending"],
    queryFn: ({ signal }) => fetchSending(signal),
    refetchInterval: ({ state }) => (isFailing(state) ? AGAIN_MS : FRESH_MS),
  });
  return (
    <Panel title="Limits" note={sending.data && limits(sending.data)} testId="panel-sending">
      {sending.data === undefined ? <Skeleton kind="list" /> : <Senders sending={sending.data} />}
    </Panel>
  );
}

function Senders({ sending }: { sending: Sending }) {
  return (
    <>
      {sending.redis?.answers === false && (
        <p className="fault">
          Redis does not answer: until it does, each process limits by itself.
        </p>
      )}
      {sending.project !== null && sending.left !== null && (
        <div className="facts" data-testid="project-left">
          <p>
            <strong>{number(Math.max(0, sending.left))} events</strong>
            <span className="hint"> may be sent to the project now.</span>
          </p>
        </div>
      )}
      {sending.senders.length === 0 ? (
        <p className="quiet">
          <strong>Nothing was sent in the last day.</strong> Here is what comes with each key, and
          what was refused for being too fast.
        </p>
      ) : (
        <DataTable
          caption="What came with which key"
          columns={COLUMNS}
          rows={sending.senders.map((sender) => ({ key: sender.key ?? "", cells: cells(sender) }))}
        />
      )}
    </>
  );
}

function refused(sent: Sent): string {
  return number(sent.refusedKey + sent.refusedAddress + sent.refusedProject);
}

function cells({ key, name, hour, day, left }: KeySender) {
  return [
    key === null ? "Without a key" : <Key key="key" prefix={key} name={name} />,
    number(hour.events),
    refused(hour),
    number(day.events),
    refused(day),
    left === null ? "–" : number(Math.max(0, left)),
  ];
}

function Key({ prefix, name }: { prefix: string; name: string | null }) {
  return (
    <>
      {name !== null && name !== "" && <span className="cell-name">{name} </span>}
      <span className="mono">{prefix}…</span>
    </>
  );
}

function limits(sending: Sending): string {
  const words = (what: string, rate: Rate | null) =>
    rate === null
      ? `${what}: no limit`
      : `${what}: ${number(rate.rate)} events a second, ${number(rate.atOnce)} at once`;
  const own = sending.project === null ? "" : ` ${words("The project", sending.project)}.`;
  const shared = sending.redis === null ? "" : " Shared by all processes.";
  return `${words("A key", sending.key)}. ${words("An address", sending.address)}.${own}${shared}`;
}
