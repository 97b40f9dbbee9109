import { Icon } from "../icons/Icon";
import { emptyRow, type Row, type ValueType } from "./properties";

const TYPES: readonly (readonly [ValueType, string])[] = [
  ["text", "Text"],
  ["number", "Number"],
  ["boolean", "True/false"],
  ["null", "Null"],
];

interface ValueProps {
  row: Row;
  label: string;
  wrong: boolean;
  faultId: string;
  onChange: (row: Row) => void;
}

function ValueInput({ row, label, wrong, faultId, onChange }: ValueProps) {
  const set = (value: string) => onChange({ ...row, value });
  if (row.type === "null") return <span className="property-null mono">null</span>;
  if (row.type === "boolean") {
    return (
      <select aria-label={label} value={row.value} onChange={(event) => set(event.target.value)}>
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    );
  }
  return (
    <input
      type="text"
      aria-label={label}
      aria-invalid={wrong}
      aria-describedby={faultId}
      inputMode={row.type === "number" ? "decimal" : "text"}
      placeholder={row.type === "number" ? "29.5" : "pro"}
      value={row.value}
      onChange={(event) => set(event.target.value)}
    />
  );
}

function retyped(row: Row, type: ValueType): Row {
  const value = type === "boolean" ? "true" : row.type === "boolean" ? "" : row.value;
  return { ...row, type, value };
}

interface Props {
  rows: readonly Row[];
  wrongRow: number | null;
  faultId: string;
  onChange: (rows: Row[]) => void;
}

/** Properties as key, type and value. */
export function PropertyRows({ rows, wrongRow, faultId, onChange }: Props) {
  const replace = (next: Row) => onChange(rows.map((row) => (row.id === next.id ? next : row)));
  const remove = (id: number) => {
    const left = rows.filter((row) => row.id !== id);
    onChange(left.length > 0 ? left : [emptyRow(id + 1)]);
  };
  const add = () => onChange([...rows, emptyRow(1 + Math.max(...rows.map(({ id }) => id)))]);
  return (
    <div className="property-rows">
      {rows.map((row, index) => {
        const place = `of property ${index + 1}`;
        const wrong = row.id === wrongRow;
        return (
          <div key={row.id} className="property-row" role="group" aria-label={`Property ${index + 1}`}>
            <input
              type="text"
              aria-label={`Key ${place}`}
              aria-invalid={wrong}
              aria-describedby={faultId}
              placeholder="plan"
              value={row.key}
              onChange={(event) => replace({ ...row, key: event.target.value })}
            />
            <select
              aria-label={`Type ${place}`}
              value={row.type}
              onChange={(event) => replace(retyped(row, event.target.value as ValueType))}
            >
              {TYPES.map(([type, label]) => (
                <option key={type} value={type}>
                  {label}
                </option>
              ))}
            </select>
            <ValueInput
              row={row}
              label={`Value ${place}`}
              wrong={wrong}
              faultId={faultId}
              onChange={replace}
            />
            <button
              type="button"
              className="button icon-button"
              aria-label={`Remove property ${index + 1}`}
              onClick={() => remove(row.id)}
            >
              <Icon name="close" />
            </button>
          </div>
        );
      })}
      <button type="button" className="link-button small" onClick={add}>
        <Icon name="plus" /> Add a property
      </button>
    </div>
  );
}
