import { memo } from "react";
import { Pie, PieChart, ResponsiveContainer, Tooltip } from "recharts";
import { percent } from "../zone/format";
import { ChartTip } from "./ChartTip";
import type { Series } from "./shape";

/** The ring of shares. */
export const ShareRing = memo(function ShareRing({ series, total }: { series: Series[]; total: number }) {
  return (
    <ResponsiveContainer width="100%" height="100%">
      <PieChart accessibilityLayer title="Shares of all events">
        <Tooltip
          isAnimationActive={false}
          content={({ active, payload }) => {
            const slice = series.find(({ label }) => label === payload[0]?.name);
            if (!active || slice === undefined) return null;
            const { key, label, colour, total: value } = slice;
            return <ChartTip title={percent(value, total)} rows={[{ key, label, colour, value }]} />;
          }}
        />
        <Pie
          data={series.map((slice) => ({ ...slice, fill: slice.colour }))}
          dataKey="total"
          nameKey="label"
          innerRadius="66%"
          outerRadius="98%"
          startAngle={90}
          endAngle={-270}
          paddingAngle={series.length > 1 ? 1.5 : 0}
          cornerRadius={2}
          stroke="none"
          isAnimationActive={false}
          rootTabIndex={-1}
        />
      </PieChart>
    </ResponsiveContainer>
  );
});
