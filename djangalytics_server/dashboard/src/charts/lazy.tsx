/** The charts, from their own file. Not by React's lazy and Suspense, which hold a fallback for 0.3 s. */

import { useDeferredValue, useSyncExternalStore, type ComponentProps, type ReactNode } from "react";

type Charts = typeof import("./charts");
type Loading = { charts: Charts } | { fault: Error } | null;

let loading: Loading = null;
const listeners = new Set<() => void>();

function settle(next: Loading): void {
  loading = next;
  for (const listener of listeners) listener();
}

// Asked for as soon as the app runs, not when the numbers are there.
export const chartsReady = import("./charts").then(
  (charts) => settle({ charts }),
  (reason: unknown) => settle({ fault: new Error("charts.js was not loaded", { cause: reason }) }),
);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The chart components; null while they are on their way. */
function useCharts(): Charts | null {
  const state = useSyncExternalStore(subscribe, () => loading);
  if (state === null) return null;
  if ("fault" in state) throw state.fault;
  return state.charts;
}

export function TrendLines({ waiting, ...props }: ComponentProps<Charts["TrendLines"]> & { waiting: ReactNode }) {
  const charts = useCharts();
  return charts === null ? waiting : <charts.TrendLines {...props} />;
}

/** The chart components, one paint later, so that the trend is on the page first. */
function useChartsAfterTrend(): Charts | null {
  const charts = useCharts();
  return useDeferredValue(charts, null);
}

export function CountBars(props: ComponentProps<Charts["CountBars"]>) {
  const charts = useChartsAfterTrend();
  return charts && <charts.CountBars {...props} />;
}

export function ShareRing(props: ComponentProps<Charts["ShareRing"]>) {
  const charts = useChartsAfterTrend();
  return charts && <charts.ShareRing {...props} />;
}
