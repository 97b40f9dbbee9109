import { memo, useState } from "react";
import type { Stats } from "../api/types";
import { DataTable } from "../panel/DataTable";
import { EventName } from "../panel/EventName";
import { Panel } from "../panel/Panel";
import { TableToggle } from "../panel/TableToggle";
import { number, percent } from "../zone/format";
import { CountBars } from "./lazy";
import { slotColour, type Slots } from "./slots";

const MOST_BARS = 8;
const TITLE = "Event counts";

interface Props {
  stats: Stats;
  slots: Slots;
  onPick: (name: string) => void;
}

function Bars({ stats, slots, onPick }: Props) {
  const rows = stats.counts.slice(0, MOST_BARS).map(({ name, count }) => ({
    name,
    count,
    colour: slotColour(slots.get(name)),
  }));
  return (
    <div className="counts">
      <ul className="counts-names" aria-label="Filter to one event">
        {rows.map(({ name, count }) => (
          <li key={name}>
            <EventName name={name} onPick={onPick} />
            <span className="unseen">{number(count)} events</span>
          </li>
        ))}
      </ul>
      <div className="counts-bars">
        <CountBars rows={rows} total={stats.total} onPick={onPick} />
      </div>
      <ul className="counts-values" aria-hidden="true">
        {rows.map(({ name, count }) => (
          <li key={name}>{number(count)}</li>
        ))}
      </ul>
    </div>
  );
}

function Rest({ stats, onShowAll }: { stats: Stats; onShowAll: () => void }) {
  const rest = stats.counts.slice(MOST_BARS);
  if (rest.length === 0) return null;
  const sum = rest.reduce((total, { count }) => total + count, 0);
  return (
    <button type="button" className="link-button small" onClick={onShowAll}>
      {rest.length} more name{rest.length === 1 ? "" : "s"}, {number(sum)} events
    </button>
  );
}

/** How often each event happened; choosing a name filters the page to it. */
export const EventCounts = memo(function EventCounts({ stats, slots, onPick }: Props) {
  const [asTable, setAsTable] = useState(false);
  const tools = <TableToggle title={TITLE} shown={asTable} onToggle={() => setAsTable(!asTable)} />;
  const rows = stats.counts.map(({ name, count }) => ({
    key: name,
    cells: [
      <EventName key="name" name={name} onPick={onPick} />,
      number(count),
      percent(count, stats.total),
    ],
  }));
  return (
    <Panel title={TITLE} note="Choose a name to see it alone" tools={tools} testId="panel-counts">
      <figure aria-label={TITLE} data-testid="chart-counts">
        {asTable ? (
          <DataTable caption={TITLE} columns={["Event", "Count", "Share"]} rows={rows} />
        ) : (
          <>
            <Bars stats={stats} slots={slots} onPick={onPick} />
            <Rest stats={stats} onShowAll={() => setAsTable(true)} />
          </>
        )}
      </figure>
    </Panel>
  );
});
