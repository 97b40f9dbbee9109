import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Icon } from "../icons/Icon";
import { clockTime } from "../zone/format";
import { CHOICES, parseChoice, type RefreshMs } from "./choice";

interface Props {
  choice: RefreshMs;
  /** When the numbers on the page were last answered, in milliseconds; 0 for never. */
  updatedAt: number;
  onChoose: (choice: RefreshMs) => void;
}

/** Asks anew now, or by itself every so often. */
export function RefreshControl({ choice, updatedAt, onChoose }: Props) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const refresh = async () => {
    setBusy(true);
    await client.invalidateQueries();
    setBusy(false);
  };
  return (
    <div className="refresh" role="group" aria-label="Refresh">
      <button
        type="button"
        className={busy ? "button busy" : "button"}
        onClick={() => void refresh()}
      >
        <Icon name="refresh" />
        <span className="unseen">Refresh now</span>
        {updatedAt > 0 && (
          <>
            <span className="unseen">, last at </span>
            <time dateTime={new Date(updatedAt).toISOString()}>{clockTime(new Date(updatedAt))}</time>
          </>
        )}
      </button>
      <select
        aria-label="Auto-refresh"
        title="Auto-refresh; it pauses while this tab is hidden"
        value={choice}
        onChange={(event) => onChoose(parseChoice(event.target.value))}
      >
        {CHOICES.map(([ms, label]) => (
          <option key={ms} value={ms}>
            {ms === 0 ? "Auto off" : `Every ${label}`}
          </option>
        ))}
      </select>
    </div>
  );
}
