import type { Verdicts } from "../api/types";
import { number } from "../zone/format";
import { reasonWords } from "./reasons";

/** What became of everything that was ever sent: nothing vanishes. */
export function IngestTile({ verdicts }: { verdicts: Verdicts }) {
  const { accepted, duplicates, rejected, reasons } = verdicts;
  return (
    <div className="tile tile-ingest" role="group" aria-label="Ingest" data-testid="tile-ingest">
      <p className="tile-label">Ingest, all time</p>
      <dl className="verdicts">
        <div>
          <dt>accepted</dt>
          <dd>{number(accepted)}</dd>
        </div>
        <div>
          <dt>{duplicates === 1 ? "duplicate" : "duplicates"}</dt>
          <dd>{number(duplicates)}</dd>
        </div>
        <div className={rejected > 0 ? "verdict-rejected" : undefined}>
          <dt>rejected</dt>
          <dd>{number(rejected)}</dd>
        </div>
      </dl>
      {reasons.length === 0 ? (
        <p className="tile-note">{rejected === 0 ? "Nothing was turned away" : ""}</p>
      ) : (
        <details className="reasons">
          <summary>Why rejected</summary>
          <ul>
            {reasons.map(({ code, count }) => (
              <li key={code} title={code}>
                <span className="reason-count">{number(count)}</span> {reasonWords(code)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
