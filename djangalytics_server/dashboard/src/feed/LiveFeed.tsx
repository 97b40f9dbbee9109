import { useDeferredValue } from "react";
import { slotColour, type Slots } from "../charts/slots";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import type { RefreshMs } from "../refresh/choice";
import { isFailing } from "../states/failing";
import { useNow } from "../zone/useNow";
import { FeedRow } from "./FeedRow";
import type { useFeed } from "./useFeed";

interface Props {
  live: ReturnType<typeof useFeed>;
  choice: RefreshMs;
  slots: Slots;
  zone: string;
  filtered: boolean;
  onPick: (name: string) => void;
}

function Older({ live }: { live: Props["live"] }) {
  if (live.feed?.next == null) return <p className="feed-end">That is where it began.</p>;
  const loading = live.older === "loading";
  return (
    <div className="feed-more">
      {live.older === "failed" && <p role="alert">The older events could not be loaded.</p>}
      <button
        type="button"
        className="button"
        disabled={loading}
        onClick={() => void live.loadOlder()}
      >
        {loading ? "Loading…" : "Load older"}
      </button>
    </div>
  );
}

function Rows({ live, slots, zone, filtered, onPick }: Omit<Props, "choice">) {
  const now = useNow(5_000);
  // Fifty rows may wait a moment: the charts and what is being typed go first.
  const feed = useDeferredValue(live.feed);
  if (feed === null) return <Skeleton kind="list" />;
  if (feed.events.length === 0) {
    return <p className="quiet">{filtered ? "No such events yet." : "Waiting for the first event…"}</p>;
  }
  return (
    <div className="feed-scroll">
      <ol className="feed" aria-label="Live feed">
        {feed.events.map((event) => (
          <FeedRow
            key={event.id}
            event={event}
            colour={slotColour(slots.get(event.name))}
            isNew={event.id > feed.firstHead}
            now={now}
            zone={zone}
            onPick={onPick}
          />
        ))}
      </ol>
      <Older live={live} />
    </div>
  );
}

/** The newest events as they arrive, of any date. */
export function LiveFeed({ choice, ...rest }: Props) {
  const state = isFailing(rest.live.head) ? "Interrupted" : choice === 0 ? "Paused" : "Live";
  const beat = <span className={state === "Live" ? "beat" : "beat beat-off"}>{state}</span>;
  return (
    <Panel
      title="Live feed"
      note="Newest arrivals, whatever the range"
      tools={beat}
      className="panel-feed"
      testId="panel-feed"
    >
      <Rows {...rest} />
    </Panel>
  );
}
