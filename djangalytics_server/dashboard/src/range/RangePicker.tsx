import { useState } from "react";
import { addDays } from "./dates";
import { CustomRange } from "./CustomRange";
import { PRESETS, type Range } from "./range";

interface Props {
  range: Range;
  today: string;
  onChange: (range: Range) => void;
}

/** Presets side by side, and two dates for everything else. */
export function RangePicker({ range, today, onChange }: Props) {
  const [editing, setEditing] = useState(false);
  const custom = editing || range.kind === "custom";
  const chosen = custom ? null : range.preset;
  const choose = (next: Range) => {
    setEditing(false);
    onChange(next);
  };
  const dates = range.kind === "custom" ? range : { from: addDays(today, -6), to: today };
  return (
    <div className="range">
      <div className="segments range-segments" role="radiogroup" aria-label="Date range">
        {PRESETS.map(([preset, name, short]) => (
          <label key={preset} className="segment">
            <input
              type="radio"
              name="range"
              aria-label={name}
              checked={preset === chosen}
              onChange={() => choose({ kind: "preset", preset })}
            />
            <span>{short}</span>
          </label>
        ))}
        <label className="segment">
          <input type="radio" name="range" checked={custom} onChange={() => setEditing(true)} />
          <span>Custom</span>
        </label>
      </div>
      {custom && (
        <CustomRange
          key={`${dates.from}/${dates.to}`}
          from={dates.from}
          to={dates.to}
          onApply={(from, to) => choose({ kind: "custom", from, to })}
        />
      )}
    </div>
  );
}
