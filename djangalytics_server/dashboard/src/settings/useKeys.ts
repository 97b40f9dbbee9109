import { useQuery } from "@tanstack/react-query";
import { fetchKeys } from "../api/keys";
import { isFailing } from "../states/failing";

const AGAIN_MS = 3_000;

/** The project's keys; asked again while it fails. */
export function useKeys() {
  return useQuery({
    queryKey: ["keys"],
    queryFn: ({ signal }) => fetchKeys(signal),
    refetchInterval: ({ state }) => (isFailing(state) ? AGAIN_MS : false),
  });
}
