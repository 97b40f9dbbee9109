import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get } from "../api/http";
import { keepUp, type RefreshMs } from "../refresh/choice";
import { parseDelivery, type Delivery, type State } from "./parse";

export type Shown = State | "all";

const MOST = 50;

async function fetchDelivery(shown: Shown, signal?: AbortSignal): Promise<Delivery> {
  const query = new URLSearchParams({ limit: String(MOST) });
  if (shown !== "all") query.set("state", shown);
  return parseDelivery((await get(`/api/delivery/?${query}`, signal)).body);
}

/** The ledger's sums and its senders, those of one state or all; kept fresh. */
export function useDelivery(shown: Shown, choice: RefreshMs) {
  return useQuery({
    queryKey: ["delivery", shown],
    queryFn: ({ signal }) => fetchDelivery(shown, signal),
    placeholderData: keepPreviousData,
    ...keepUp(choice),
  });
}
