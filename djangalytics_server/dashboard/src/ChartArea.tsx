import type { Stats } from "./api/types";
import { DailyTrend } from "./charts/DailyTrend";
import { EventCounts } from "./charts/EventCounts";
import { Shares } from "./charts/Shares";
import type { Slots } from "./charts/slots";
import { Panel } from "./panel/Panel";
import { Skeleton } from "./panel/Skeleton";
import { nameRange } from "./range/range";
import type { ViewControl } from "./range/useView";
import { EmptyState } from "./states/EmptyState";
import { NothingHere } from "./states/NothingHere";

interface Props {
  stats: Stats | undefined;
  failing: boolean;
  /** Whether the project holds any event at all. */
  everAny: boolean;
  slots: Slots;
  zone: string;
  now: Date;
  view: ViewControl;
}

function Waiting({ failing }: { failing: boolean }) {
  const body = failing ? (
    <p className="quiet">Not loaded yet.</p>
  ) : (
    <Skeleton kind="chart" />
  );
  return (
    <div className="charts">
      <Panel title="Daily trend" className="panel-trend">
        {body}
      </Panel>
      <Panel title="Event counts">{body}</Panel>
      <Panel title="Shares">{body}</Panel>
    </div>
  );
}

/** The charts, or why there are none. */
export function ChartArea({ stats, failing, everAny, slots, zone, now, view }: Props) {
  if (stats === undefined) return <Waiting failing={failing} />;
  const rangeName = nameRange(view.range);
  if (stats.total === 0) {
    if (!everAny) return <EmptyState origin={window.location.origin} />;
    return (
      <NothingHere
        rangeName={rangeName}
        names={view.names}
        onAllTime={() => view.setRange({ kind: "preset", preset: "all" })}
        onClear={() => view.setNames([])}
      />
    );
  }
  const onPick = view.toggleName;
  return (
    <div className="charts">
      <DailyTrend stats={stats} slots={slots} zone={zone} now={now} note={rangeName} />
      <EventCounts stats={stats} slots={slots} onPick={onPick} />
      <Shares stats={stats} slots={slots} onPick={onPick} />
    </div>
  );
}
