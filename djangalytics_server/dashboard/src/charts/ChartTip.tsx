import { number } from "../zone/format";
import { Swatch } from "./Swatch";

export interface TipRow {
  key: string;
  label: string;
  colour: string;
  value: number;
}

/** What the pointer or the arrow keys are on. */
export function ChartTip({ title, rows, total }: { title: string; rows: TipRow[]; total?: number }) {
  return (
    <div className="tip">
      <p className="tip-title">{title}</p>
      <ul>
        {rows.map(({ key, label, colour, value }) => (
          <li key={key}>
            <Swatch colour={colour} />
            <span className="tip-name">{label}</span>
            <span className="tip-value">{number(value)}</span>
          </li>
        ))}
        {total !== undefined && rows.length > 1 && (
          <li className="tip-total">
            <span />
            <span className="tip-name">Total</span>
            <span className="tip-value">{number(total)}</span>
          </li>
        )}
      </ul>
    </div>
  );
}
