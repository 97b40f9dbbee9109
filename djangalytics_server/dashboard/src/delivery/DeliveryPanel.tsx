import { useState } from "react";
import { DataTable } from "../panel/DataTable";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import type { RefreshMs } from "../refresh/choice";
import { Code } from "../states/Code";
import { isFailing } from "../states/failing";
import { number, relativeTime } from "../zone/format";
import type { Delivery, Producer } from "./parse";
import { useDelivery, type Shown } from "./useDelivery";
import { besides, gaps, headline, reasons, STATE_WORDS } from "./words";

const TITLE = "Delivery";
const COLUMNS = ["Sender", "Missing", "On the way", "Given up", "Came again", "Came late", "Heard"];
const CHOICES: [Shown, string][] = [
  ["all", "All"],
  ["missing", "Missing"],
  ["dropped", "Given up"],
  ["on_the_way", "On the way"],
];

function Sender({ producer }: { producer: Producer }) {
  return (
    <span className="sender">
      <span className="sender-host">{producer.host}</span>
      <span className="sender-process mono">{producer.process}</span>
      <span className={`state state-${producer.state}`}>{STATE_WORDS[producer.state]}</span>
    </span>
  );
}

function Missing({ producer }: { producer: Producer }) {
  const which = gaps(producer);
  return (
    <>
      <span className={producer.missing > 0 ? "bad-count" : undefined}>{headline(producer)}</span>
      {which !== "" && <span className="cell-note">Numbers {which}</span>}
    </>
  );
}

function GivenUp({ producer }: { producer: Producer }) {
  const why = reasons(producer);
  return (
    <>
      {number(producer.dropped)}
      {why !== "" && <span className="cell-note">Lost: {why}</span>}
    </>
  );
}

function Senders({ delivery, shown, now }: { delivery: Delivery; shown: Shown; now: Date }) {
  if (delivery.producers.length === 0) {
    const merged = delivery.totals.merged > 0 && shown === "all";
    return <p className="quiet">{merged ? "Only sums are kept of these senders." : "No such sender."}</p>;
  }
  const rows = delivery.producers.map((producer) => ({
    key: producer.id,
    cells: [
      <Sender key="sender" producer={producer} />,
      <Missing key="missing" producer={producer} />,
      number(producer.onTheWay),
      <GivenUp key="dropped" producer={producer} />,
      number(producer.repeated),
      number(producer.late),
      <time key="heard" dateTime={producer.lastSeen} title={producer.lastSeen}>
        {relativeTime(new Date(producer.lastSeen), now)}
      </time>,
    ],
  }));
  return <DataTable caption={TITLE} columns={COLUMNS} rows={rows} />;
}

function Choice({ shown, onChoose }: { shown: Shown; onChoose: (shown: Shown) => void }) {
  return (
    <div className="segments" role="radiogroup" aria-label="Senders shown">
      {CHOICES.map(([value, name]) => (
        <label key={value} className="segment">
          <input
            type="radio"
            name="senders"
            checked={value === shown}
            onChange={() => onChoose(value)}
          />
          <span>{name}</span>
        </label>
      ))}
    </div>
  );
}

/** Nobody numbers events here: what to do about it. */
function NoSenders({ unreadable }: { unreadable: number }) {
  return (
    <div className="delivery-none" data-testid="delivery-empty">
      <p>
        <strong>No sender has numbered its events yet.</strong> The Python SDK numbers them by
        itself, and this panel then says of each process how many of them are missing. Install it
        where your program runs:
      </p>
      <Code text="pip install --upgrade djangalytics" label="Install the SDK" />
      <p>
        A sender of your own can do the same: say <code>producer</code> beside the events of{" "}
        <code>POST /api/capture_batch/</code>.
      </p>
      {unreadable > 0 && <Unreadable count={unreadable} />}
    </div>
  );
}

function Unreadable({ count }: { count: number }) {
  return (
    <p>
      The numbers of {number(count)} event{count === 1 ? "" : "s"} could not be read; the events
      themselves are stored.
    </p>
  );
}

function Sums({ delivery }: { delivery: Delivery }) {
  const { totals } = delivery;
  const more = besides(totals);
  const older = totals.merged > 0 ? ` Of ${number(totals.merged)} older ones only sums are kept.` : "";
  return (
    <div className="delivery-sums" role="group" aria-label="All senders">
      <p className={totals.missing > 0 ? "delivery-head bad-count" : "delivery-head"}>
        {headline(totals)}
      </p>
      <p className="delivery-more">
        {number(totals.producers)} sender{totals.producers === 1 ? "" : "s"}.{older}{" "}
        {more.length > 0 && <>Besides: {more.join(" · ")}.</>}
      </p>
      {totals.unreadable > 0 && <Unreadable count={totals.unreadable} />}
    </div>
  );
}

interface Props {
  choice: RefreshMs;
  now: Date;
}

/** Of the events that senders numbered: which came in, and which are missing, by process. */
export function DeliveryPanel({ choice, now }: Props) {
  const [shown, setShown] = useState<Shown>("all");
  const query = useDelivery(shown, choice);
  const delivery = query.data;
  const any = delivery !== undefined && delivery.totals.producers > 0;
  return (
    <Panel
      title={TITLE}
      note="Of the events that senders numbered, all time"
      tools={any ? <Choice shown={shown} onChoose={setShown} /> : undefined}
      className="panel-delivery"
      testId="panel-delivery"
    >
      {delivery === undefined && !isFailing(query) && <Skeleton kind="list" />}
      {delivery === undefined && isFailing(query) && <p className="quiet">Not loaded yet.</p>}
      {delivery !== undefined && !any && <NoSenders unreadable={delivery.totals.unreadable} />}
      {delivery !== undefined && any && (
        <>
          <Sums delivery={delivery} />
          <Senders delivery={delivery} shown={shown} now={now} />
          {isFailing(query) && <p className="cell-note">The last try to refresh this failed.</p>}
          {delivery.truncated && <p className="cell-note">The {delivery.producers.length} heard last.</p>}
        </>
      )}
    </Panel>
  );
}
