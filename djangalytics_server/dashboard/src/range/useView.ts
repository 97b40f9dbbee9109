import { useCallback, useMemo, useSyncExternalStore } from "react";
import { withProject } from "../api/project";
import type { Range } from "./range";
import { parseView, viewSearch, type View } from "./url";

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

function go(view: View): void {
  const search = viewSearch(view);
  if (search === viewSearch(parseView(window.location.search))) return;
  window.history.pushState(null, "", `${window.location.pathname}${withProject(search)}`);
  for (const listener of listeners) listener();
}

export interface ViewControl extends View {
  setRange: (range: Range) => void;
  setNames: (names: readonly string[]) => void;
  /** Filters to this name alone; a second time takes the filter off. */
  toggleName: (name: string) => void;
}

/** The view the page's address names; changing it is a step one can go back from. */
export function useView(): ViewControl {
  const search = useSyncExternalStore(subscribe, () => window.location.search);
  const view = useMemo(() => parseView(search), [search]);
  const setRange = useCallback((range: Range) => go({ ...view, range }), [view]);
  const setNames = useCallback((names: readonly string[]) => go({ ...view, names }), [view]);
  const toggleName = useCallback(
    (name: string) => {
      const alone = view.names.length === 1 && view.names[0] === name;
      go({ ...view, names: alone ? [] : [name] });
    },
    [view],
  );
  return { ...view, setRange, setNames, toggleName };
}
