/** The view (range and event filter) as the query of the page's address, so that it can be shared. */

import { DEFAULT_RANGE, PRESETS, rangeFault, type Range } from "./range";

export interface View {
  range: Range;
  names: readonly string[];
}

function parseRange(query: URLSearchParams): Range {
  const from = query.get("from");
  const to = query.get("to");
  if (from !== null && to !== null && rangeFault(from, to) === null) {
    return { kind: "custom", from, to };
  }
  const preset = PRESETS.find(([id]) => id === query.get("range"))?.[0];
  return preset === undefined ? DEFAULT_RANGE : { kind: "preset", preset };
}

export function parseView(search: string): View {
  const query = new URLSearchParams(search);
  const names = [...new Set(query.getAll("event"))].filter((name) => name.trim() !== "");
  return { range: parseRange(query), names };
}

/** The query of a view, with its question mark; empty for the view one starts with. */
export function viewSearch(view: View): string {
  const query = new URLSearchParams();
  if (view.range.kind === "custom") {
    query.set("from", view.range.from);
    query.set("to", view.range.to);
  } else if (view.range.preset !== "30d") {
    query.set("range", view.range.preset);
  }
  for (const name of view.names) query.append("event", name);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
