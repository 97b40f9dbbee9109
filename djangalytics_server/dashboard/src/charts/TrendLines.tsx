import { memo } from "react";
import {
  CartesianGrid,
  Line,
  LineChart,
  ReferenceArea,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import type { Interval } from "../api/types";
import { axisLabel, fullLabel, shortNumber } from "../zone/format";
import { ChartTip } from "./ChartTip";
import type { Series, TrendPoint } from "./shape";

interface Props {
  series: readonly Series[];
  points: TrendPoint[];
  interval: Interval;
  /** The index of the interval still running; -1 when the range holds none. */
  running: number;
}

const MARGIN = { top: 12, right: 12, bottom: 0, left: 0 };

function tip(point: TrendPoint, series: readonly Series[], interval: Interval, running: boolean) {
  const rows = series
    .map(({ key, label, colour }) => ({ key, label, colour, value: point.values[key] ?? 0 }))
    .sort((a, b) => b.value - a.value);
  const total = rows.reduce((sum, { value }) => sum + value, 0);
  const title = fullLabel(point.start, interval) + (running ? ", so far" : "");
  return <ChartTip title={title} rows={rows} total={total} />;
}

/** The lines themselves. */
export const TrendLines = memo(function TrendLines({ series, points, interval, running }: Props) {
  const now = points[running]?.start;
  const before = running > 0 ? points[running - 1]?.start : undefined;
  const width = shortNumber(Math.max(0, ...points.map(({ total }) => total))).length * 8 + 18;
  return (
    <ResponsiveContainer width="100%" height="100%">
      <LineChart data={points} margin={MARGIN} accessibilityLayer title="Counts over time">
        <CartesianGrid vertical={false} />
        <XAxis
          dataKey="start"
          tickFormatter={(start: string) => axisLabel(start, interval)}
          tickLine={false}
          axisLine={false}
          minTickGap={28}
          tickMargin={10}
          height={32}
        />
        <YAxis
          allowDecimals={false}
          tickFormatter={shortNumber}
          tickLine={false}
          axisLine={false}
          width={width}
        />
        {now !== undefined && before !== undefined && (
          <ReferenceArea x1={before} x2={now} className="running" ifOverflow="visible" />
        )}
        <Tooltip
          cursor={{ className: "cursor-line" }}
          isAnimationActive={false}
          content={({ active, label }) => {
            const point = points.find(({ start }) => start === label);
            if (!active || point === undefined || Object.keys(point.values).length === 0) return null;
            return tip(point, series, interval, point.start === now);
          }}
        />
        {series.map(({ key, label, colour, name }) => (
          <Line
            key={key}
            name={label}
            dataKey={(point: TrendPoint) => point.values[key] ?? null}
            type="monotone"
            stroke={colour}
            strokeWidth={2}
            strokeDasharray={name === null ? "5 4" : "0"}
            dot={points.length === 1 ? { r: 4, fill: colour } : false}
            activeDot={{ r: 4, stroke: "var(--surface)", strokeWidth: 2 }}
            isAnimationActive={false}
          />
        ))}
      </LineChart>
    </ResponsiveContainer>
  );
});
