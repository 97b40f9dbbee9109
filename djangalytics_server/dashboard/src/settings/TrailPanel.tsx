import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ACTIONS, exportTrail, fetchTrail, trailPath, type TrailEntry, type TrailSearch } from "../api/trail";
import { Fault, Field } from "../capture/Field";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import { isFailing } from "../states/failing";
import { absoluteTime, relativeTime } from "../zone/format";
import { useChange, wordsFor } from "./useChange";

const AGAIN_MS = 3_000;
const EVERYTHING: TrailSearch = { actor: "", action: "", from: "", to: "" };

/** Who did what in this project: searched, read page by page, and taken out as a file. */
export function TrailPanel({ zone, now }: { zone: string; now: Date }) {
  const [search, setSearch] = useState(EVERYTHING);
  const { busy, fault, change } = useChange();
  const trail = useInfiniteQuery({
    queryKey: ["trail", search],
    queryFn: ({ pageParam, signal }) => fetchTrail(pageParam, signal),
    initialPageParam: trailPath(search, zone),
    getNextPageParam: ({ next }) => next,
    refetchInterval: ({ state }) => (isFailing(state) ? AGAIN_MS : false),
  });
  const entries = trail.data?.pages.flatMap((page) => page.entries);
  const take = (form: "csv" | "ndjson") => void change(() => exportTrail(search, zone, form));
  return (
    <Panel
      title="Audit trail"
      note="Who did what. Lines are only ever added."
      className="trail"
      testId="panel-trail"
      tools={
        <div className="entry-ways">
          <button type="button" className="button" disabled={busy} onClick={() => take("csv")}>
            Export CSV
          </button>
          <button type="button" className="button" disabled={busy} onClick={() => take("ndjson")}>
            Export JSON
          </button>
        </div>
      }
    >
      <Fault id="trail-fault" text={fault ?? (trail.error && wordsFor(trail.error))} />
      <Search search={search} onSearch={setSearch} />
      {trail.isPending && <Skeleton kind="list" />}
      {entries?.length === 0 && <p className="quiet">Nothing of this kind was done.</p>}
      <ul aria-label="Audit trail">
        {entries?.map((entry) => (
          <TrailRow key={entry.id} {...{ entry, zone, now }} />
        ))}
      </ul>
      {trail.hasNextPage && (
        <button
          type="button"
          className="button"
          disabled={trail.isFetchingNextPage}
          onClick={() => void trail.fetchNextPage()}
        >
          {trail.isFetchingNextPage ? "Loading…" : "Earlier"}
        </button>
      )}
    </Panel>
  );
}

interface SearchProps {
  search: TrailSearch;
  onSearch: (search: TrailSearch) => void;
}

/** By person, by what was done, and by day. */
function Search({ search, onSearch }: SearchProps) {
  const [actor, setActor] = useState(search.actor);
  const set = (part: Partial<TrailSearch>) => onSearch({ ...search, actor, ...part });
  return (
    <form
      className="trail-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        set({});
      }}
    >
      <Field id="trail-actor" label="Done by" fault={null}>
        <input
          id="trail-actor"
          type="text"
          autoComplete="off"
          maxLength={200}
          value={actor}
          onChange={(event) => setActor(event.target.value)}
          onBlur={() => actor !== search.actor && set({})}
        />
      </Field>
      <Field id="trail-action" label="What" fault={null}>
        <select
          id="trail-action"
          value={search.action}
          onChange={(event) => set({ action: event.target.value })}
        >
          <option value="">Everything</option>
          {ACTIONS.map((action) => (
            <option key={action} value={action}>
              {action}
            </option>
          ))}
        </select>
      </Field>
      {(["from", "to"] as const).map((end) => (
        <Field key={end} id={`trail-${end}`} label={end === "from" ? "From" : "Until"} fault={null}>
          <input
            id={`trail-${end}`}
            type="date"
            value={search[end]}
            onChange={(event) => set({ [end]: event.target.value })}
          />
        </Field>
      ))}
      <button type="submit" className="button">
        Search
      </button>
    </form>
  );
}

function TrailRow({ entry, zone, now }: { entry: TrailEntry; zone: string; now: Date }) {
  const at = new Date(entry.at);
  return (
    <li className="entry" data-testid="trail-entry">
      <div className="entry-what">
        <p className="entry-name">
          {entry.subject === "" ? "–" : entry.subject} <span className="chip">{entry.action}</span>
        </p>
        <p className="hint">
          {entry.actor}
          {entry.address !== null && ` from ${entry.address}`} ·{" "}
          <span title={absoluteTime(at, zone)}>{relativeTime(at, now)}</span>
          {entry.details !== "" && ` · ${entry.details}`}
        </p>
      </div>
    </li>
  );
}
