import { number } from "../zone/format";
import type { Series } from "./shape";
import { Swatch } from "./Swatch";

interface Props {
  series: readonly Series[];
  hidden: ReadonlySet<string>;
  onToggle: (label: string) => void;
}

/** Names the lines; pressing one takes it out of the chart, or puts it back. */
export function TrendLegend({ series, hidden, onToggle }: Props) {
  return (
    <ul className="legend" aria-label="Lines shown">
      {series.map(({ key, label, name, colour, total }) => {
        const id = name ?? key;
        return (
          <li key={key}>
            <button
              type="button"
              className="legend-item"
              aria-pressed={!hidden.has(id)}
              onClick={() => onToggle(id)}
              title={label}
            >
              <Swatch colour={colour} />
              <span className="legend-name">{label}</span>
              <span className="legend-value">{number(total)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
