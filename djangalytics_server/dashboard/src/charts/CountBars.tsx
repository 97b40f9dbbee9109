import { memo } from "react";
import { Bar, BarChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { percent } from "../zone/format";
import { ChartTip } from "./ChartTip";

export interface CountRow {
  name: string;
  count: number;
  colour: string;
}

interface Props {
  rows: CountRow[];
  total: number;
  onPick: (name: string) => void;
}

/** One bar a row, as tall as the rows of names and numbers they stand between. */
export const CountBars = memo(function CountBars({ rows, total, onPick }: Props) {
  return (
    <ResponsiveContainer width="100%" height="100%">
      <BarChart
        data={rows.map((row) => ({ ...row, fill: row.colour }))}
        layout="vertical"
        margin={{ top: 0, right: 0, bottom: 0, left: 0 }}
        barCategoryGap="32%"
        accessibilityLayer
        title="Events by name"
      >
        <XAxis type="number" hide domain={[0, "dataMax"]} />
        <YAxis type="category" dataKey="name" hide />
        <Tooltip
          cursor={{ className: "cursor-band" }}
          isAnimationActive={false}
          content={({ active, label }) => {
            const row = rows.find(({ name }) => name === label);
            if (!active || row === undefined) return null;
            const { name, colour, count } = row;
            const share = `${percent(count, total)} of all`;
            return <ChartTip title={share} rows={[{ key: name, label: name, colour, value: count }]} />;
          }}
        />
        <Bar
          dataKey="count"
          name="Events"
          minPointSize={2}
          radius={[0, 4, 4, 0]}
          isAnimationActive={false}
          className="pickable"
          onClick={(_, index) => {
            const row = rows[index];
            if (row !== undefined) onPick(row.name);
          }}
        />
      </BarChart>
    </ResponsiveContainer>
  );
});
