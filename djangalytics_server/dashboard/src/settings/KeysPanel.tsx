import { useState } from "react";
import type { FreshKey, Key } from "../api/keys";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import { CreateKey } from "./CreateKey";
import { KeyRow } from "./KeyRow";
import { ShownOnce } from "./ShownOnce";

interface Props {
  keys: readonly Key[] | undefined;
  now: Date;
  zone: string;
  csrfToken: string | null;
}

/** The keys that work, a form for another, and those that have ended. */
export function KeysPanel({ keys, now, zone, csrfToken }: Props) {
  const [fresh, setFresh] = useState<FreshKey | null>(null);
  const newestFirst = [...(keys ?? [])].reverse();
  const active = newestFirst.filter(({ state }) => state === "active");
  const ended = newestFirst.filter(({ state }) => state !== "active");
  const rows = (some: readonly Key[]) =>
    some.map((entry) => (
      <KeyRow key={entry.id} {...{ entry, now, zone, csrfToken }} onFresh={setFresh} />
    ));
  return (
    <div className="settings-row">
      <Panel title="API keys" note="One for each program, so that each can be ended by itself.">
        {fresh !== null && (
          <ShownOnce
            title={`Copy “${fresh.name}” now.`}
            words="It is shown this once; the server keeps only a hash."
            label="Key"
            text={fresh.key}
            onKept={() => setFresh(null)}
          />
        )}
        {keys === undefined && <Skeleton kind="list" />}
        {keys !== undefined && active.length === 0 && (
          <p className="quiet">
            <strong>No key works here.</strong> Make one: a write key for programs that
            send events, a read key for those that read them.
          </p>
        )}
        {active.length > 0 && (
          <ul className="keys" aria-label="Keys">
            {rows(active)}
          </ul>
        )}
        {ended.length > 0 && (
          <details className="entries-ended">
            <summary>Revoked and expired ({ended.length})</summary>
            <ul className="keys" aria-label="Ended keys">
              {rows(ended)}
            </ul>
          </details>
        )}
      </Panel>
      <Panel title="New key">
        <CreateKey csrfToken={csrfToken} onFresh={setFresh} />
      </Panel>
    </div>
  );
}
