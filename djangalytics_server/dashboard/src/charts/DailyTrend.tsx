import { memo, useMemo, useState } from "react";
import type { Interval, Stats } from "../api/types";
import { DataTable } from "../panel/DataTable";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import { TableToggle } from "../panel/TableToggle";
import { fullLabel, number } from "../zone/format";
import { TrendLines } from "./lazy";
import { isRunning } from "./running";
import { shapeTrend, type Trend } from "./shape";
import type { Slots } from "./slots";
import { TrendLegend } from "./TrendLegend";

const TITLES: Record<Interval, string> = {
  minute: "Trend by minute",
  hour: "Hourly trend",
  day: "Daily trend",
  week: "Weekly trend",
  month: "Monthly trend",
};

const FIRST_COLUMN: Record<Interval, string> = {
  minute: "Minute",
  hour: "Hour",
  day: "Day",
  week: "Week",
  month: "Month",
};

function TrendTable({ trend, interval, title }: { trend: Trend; interval: Interval; title: string }) {
  const past = trend.points.filter(({ values }) => Object.keys(values).length > 0);
  const rows = past.map(({ start, values, total }) => ({
    key: start,
    cells: [
      fullLabel(start, interval),
      ...trend.series.map(({ key }) => number(values[key] ?? 0)),
      number(total),
    ],
  }));
  const columns = [FIRST_COLUMN[interval], ...trend.series.map(({ label }) => label), "Total"];
  return <DataTable caption={title} columns={columns} rows={rows.reverse()} />;
}

function useHidden() {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) =>
    setHidden((now) => new Set(now.has(id) ? [...now].filter((each) => each !== id) : [...now, id]));
  return { hidden, toggle };
}

interface Props {
  stats: Stats;
  slots: Slots;
  zone: string;
  now: Date;
  note: string;
}

/** Counts over time, a line for each leading event. */
export const DailyTrend = memo(function DailyTrend({ stats, slots, zone, now, note }: Props) {
  const [asTable, setAsTable] = useState(false);
  const { hidden, toggle } = useHidden();
  const trend = useMemo(() => shapeTrend(stats, slots, now, zone), [stats, slots, now, zone]);
  const { interval } = stats.range;
  const title = TITLES[interval];
  const running = trend.points.findIndex(({ start }) => isRunning(start, interval, now, zone));
  const shown = useMemo(
    () => trend.series.filter(({ key, name }) => !hidden.has(name ?? key)),
    [trend, hidden],
  );
  const tools = <TableToggle title={title} shown={asTable} onToggle={() => setAsTable(!asTable)} />;
  return (
    <Panel title={title} note={note} tools={tools} className="panel-trend" testId="panel-trend">
      <figure aria-label={title} data-testid="chart-trend">
        {asTable ? (
          <TrendTable trend={trend} interval={interval} title={title} />
        ) : (
          <>
            <div className="chart chart-trend">
              <TrendLines
                series={shown}
                points={trend.points}
                interval={interval}
                running={running}
                waiting={<Skeleton kind="chart" />}
              />
            </div>
            <TrendLegend series={trend.series} hidden={hidden} onToggle={toggle} />
          </>
        )}
      </figure>
    </Panel>
  );
});
