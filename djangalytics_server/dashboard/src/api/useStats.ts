import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { addDays } from "../range/dates";
import { spanOf, type Range } from "../range/range";
import { keepUp, nextIn, type RefreshMs } from "../refresh/choice";
import { isFailing } from "../states/failing";
import { dateIn } from "../zone/zone";
import { fetchStats } from "./endpoints";

const OVERVIEW_MS = 60_000;

/** All time by month: which names there are, when the first event was, and whether there is any. */
export function useOverview(zone: string, choice: RefreshMs) {
  return useQuery({
    queryKey: ["overview", zone],
    queryFn: ({ signal }) =>
      fetchStats({ from: null, to: null, interval: "month", tz: zone, names: [] }, signal),
    ...keepUp(choice),
    refetchInterval: ({ state }) => {
      const next = nextIn(choice, isFailing(state));
      // Names change rarely; only the first event is waited for as eagerly as the rest.
      return next === false || state.data?.total === 0 ? next : Math.max(next, OVERVIEW_MS);
    },
  });
}

/** The stats of the chosen range. The range is worked out anew for each question, so midnight passes. */
export function useRangeStats(
  range: Range,
  names: readonly string[],
  zone: string,
  firstDate: string | null,
  choice: RefreshMs,
) {
  const open = range.kind === "preset" && range.preset === "all";
  return useQuery({
    queryKey: ["stats", zone, range, names, open ? firstDate : null],
    queryFn: ({ signal }) => {
      const span = spanOf(range, new Date(), zone, firstDate);
      return fetchStats({ ...span, tz: zone, names }, signal);
    },
    placeholderData: keepPreviousData,
    ...keepUp(choice),
  });
}

/** Yesterday and today by hour. */
export function useTwoDays(names: readonly string[], zone: string, choice: RefreshMs) {
  return useQuery({
    queryKey: ["two-days", zone, names],
    queryFn: ({ signal }) => {
      const today = dateIn(zone, new Date());
      const from = addDays(today, -1);
      return fetchStats({ from, to: today, interval: "hour", tz: zone, names }, signal);
    },
    placeholderData: keepPreviousData,
    ...keepUp(choice),
  });
}
