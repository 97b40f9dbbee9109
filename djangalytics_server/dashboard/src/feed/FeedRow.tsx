import { memo } from "react";
import type { EventRecord } from "../api/types";
import { Swatch } from "../charts/Swatch";
import { EventName } from "../panel/EventName";
import { absoluteTime, relativeTime } from "../zone/format";
import { PropertyChips } from "./PropertyChips";

interface Props {
  event: EventRecord;
  colour: string;
  isNew: boolean;
  now: Date;
  zone: string;
  onPick: (name: string) => void;
}

function Details({ event, zone }: { event: EventRecord; zone: string }) {
  const facts: [string, string | null][] = [
    ["Happened", absoluteTime(new Date(event.timestamp), zone)],
    ["Received", event.receivedAt && absoluteTime(new Date(event.receivedAt), zone)],
    ["Distinct id", event.distinctId],
    ["Session id", event.sessionId],
    ["Source", event.source],
    ["Event id", String(event.id)],
  ];
  return (
    <details className="feed-details">
      <summary>
        Details<span className="unseen"> of {event.name}</span>
      </summary>
      <dl>
        {facts.map(([label, value]) =>
          value ? (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ) : null,
        )}
      </dl>
      <pre tabIndex={0} aria-label={`Properties of ${event.name} as JSON`}>
        {JSON.stringify(event.properties, null, 2)}
      </pre>
    </details>
  );
}

/** One event of the feed. */
export const FeedRow = memo(function FeedRow({ event, colour, isNew, now, zone, onPick }: Props) {
  const moment = new Date(event.timestamp);
  return (
    <li className={isNew ? "feed-row is-new" : "feed-row"} data-testid="feed-event">
      <div className="feed-line">
        <Swatch colour={colour} />
        <EventName name={event.name} onPick={onPick} />
        <time dateTime={event.timestamp} title={absoluteTime(moment, zone)}>
          {relativeTime(moment, now)}
        </time>
      </div>
      <PropertyChips properties={event.properties} />
      <div className="feed-foot">
        <p className="feed-who">
          {event.source !== null && <span>{event.source}</span>}
          {event.distinctId !== null && <span className="mono">{event.distinctId}</span>}
        </p>
        <Details event={event} zone={zone} />
      </div>
    </li>
  );
});
