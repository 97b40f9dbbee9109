import { memo, useState } from "react";
import type { Stats } from "../api/types";
import { DataTable } from "../panel/DataTable";
import { EventName } from "../panel/EventName";
import { Panel } from "../panel/Panel";
import { TableToggle } from "../panel/TableToggle";
import { number, percent, shortNumber } from "../zone/format";
import { ShareRing } from "./lazy";
import { leadingSeries, type Series } from "./shape";
import type { Slots } from "./slots";
import { Swatch } from "./Swatch";

const TITLE = "Shares";

interface Props {
  stats: Stats;
  slots: Slots;
  onPick: (name: string) => void;
}

function Ring({ series, total, onPick }: { series: Series[]; total: number; onPick: Props["onPick"] }) {
  return (
    <div className="shares">
      <div className="shares-ring">
        <ShareRing series={series} total={total} />
        <p className="shares-total">
          <strong>{shortNumber(total)}</strong>
          <span>events</span>
        </p>
      </div>
      <ul className="shares-list" aria-label="Shares by event">
        {series.map(({ key, label, name, colour, total: part }) => (
          <li key={key}>
            <Swatch colour={colour} />
            {name === null ? (
              <span className="event-name">{label}</span>
            ) : (
              <EventName name={name} onPick={onPick} />
            )}
            <span className="shares-value">{percent(part, total)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What part of all events each leading name is. */
export const Shares = memo(function Shares({ stats, slots, onPick }: Props) {
  const [asTable, setAsTable] = useState(false);
  const series = leadingSeries(stats.counts, slots);
  const tools = <TableToggle title={TITLE} shown={asTable} onToggle={() => setAsTable(!asTable)} />;
  const rows = series.map(({ key, label, total }) => ({
    key,
    cells: [label, number(total), percent(total, stats.total)],
  }));
  return (
    <Panel title={TITLE} note="Of all events in the range" tools={tools} testId="panel-shares">
      <figure aria-label={TITLE} data-testid="chart-shares">
        {asTable ? (
          <DataTable caption={TITLE} columns={["Event", "Count", "Share"]} rows={rows} />
        ) : (
          <Ring series={series} total={stats.total} onPick={onPick} />
        )}
      </figure>
    </Panel>
  );
});
