import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { describeFailure, Problem } from "../api/failure";

/** One change at a time: whether it is under way, and in words what went wrong. */
export function useChange(...changes: readonly string[]) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  /** Makes the change, then asks again what it changes; true when it was made. */
  const change = async (make: () => Promise<unknown>): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    setFault(null);
    try {
      await make();
      return true;
    } catch (failure) {
      setFault(wordsFor(failure));
      const stale = failure instanceof Problem && failure.status === 401;
      if (stale && failure.code === "sign_in_required") {
        void client.invalidateQueries({ queryKey: ["session"] });
      }
      return false;
    } finally {
      for (const queryKey of changes) void client.invalidateQueries({ queryKey: [queryKey] });
      setBusy(false);
    }
  };
  return { busy, fault, change };
}

export function wordsFor(failure: unknown): string {
  const { title, advice } = describeFailure(failure);
  return failure instanceof Problem && failure.detail !== "" ? failure.detail : `${title} ${advice}`;
}
