import { useQuery } from "@tanstack/react-query";
import { isFailing } from "../states/failing";
import { fetchLimits, fetchSession } from "./endpoints";

const WAIT_MS = 3_000;

/** Who is looking. While nobody may read it is asked again, so a login link opened elsewhere counts here. */
export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: ({ signal }) => fetchSession(signal),
    refetchInterval: ({ state }) =>
      isFailing(state) || state.data?.canRead === false ? WAIT_MS : false,
  });
}

/** The server's limits, for checking while typing; they do not change while it runs. */
export function useLimits() {
  return useQuery({
    queryKey: ["limits"],
    queryFn: ({ signal }) => fetchLimits(signal),
    staleTime: Infinity,
    refetchInterval: ({ state }) => (isFailing(state) ? WAIT_MS : false),
  });
}
