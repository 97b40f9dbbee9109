import { useState, type SubmitEvent } from "react";
import { rangeFault } from "./range";

interface Props {
  from: string;
  to: string;
  onApply: (from: string, to: string) => void;
}

/** From one day to another, both included. */
export function CustomRange({ from: firstFrom, to: firstTo, onApply }: Props) {
  const [from, setFrom] = useState(firstFrom);
  const [to, setTo] = useState(firstTo);
  const fault = rangeFault(from, to);
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (fault === null) onApply(from, to);
  };
  const wrong = { "aria-invalid": fault !== null, "aria-describedby": "range-fault" };
  return (
    <form className="range-custom" aria-label="Custom date range" noValidate onSubmit={onSubmit}>
      <label>
        <span>From</span>
        <input type="date" value={from} onChange={(e) => setFrom(e.target.value)} {...wrong} />
      </label>
      <label>
        <span>To</span>
        <input type="date" value={to} onChange={(e) => setTo(e.target.value)} {...wrong} />
      </label>
      <button type="submit" className="button" disabled={fault !== null}>
        Apply
      </button>
      <p id="range-fault" className="fault" aria-live="polite">
        {fault}
      </p>
    </form>
  );
}
