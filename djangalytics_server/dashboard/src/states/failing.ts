import { useState } from "react";

interface Outcome {
  errorUpdatedAt: number;
  dataUpdatedAt: number;
}

/** Whether the last finished try failed; stays true while the next one is under way. */
export function isFailing(outcome: Outcome): boolean {
  return outcome.errorUpdatedAt > outcome.dataUpdatedAt;
}

/** The failure to show for a group of queries, steady between one failed try and the next; or null. */
export function useFailure(queries: readonly (Outcome & { error: Error | null })[]): Error | null {
  const [last, setLast] = useState<Error | null>(null);
  const failing = queries.filter(isFailing);
  const current = failing.find(({ error }) => error !== null)?.error ?? null;
  if (current !== null && current !== last) setLast(current);
  return failing.length === 0 ? null : (current ?? last);
}
