import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { captureEvent } from "../api/endpoints";
import { Problem } from "../api/failure";
import type { Captured, Limits } from "../api/types";
import { checkDraft, emptyDraft, toCapture, type Draft } from "./draft";
import { faultsFrom, NO_FAULTS, type Faults } from "./faults";
import { newInsertId } from "./uuid7";

export function hasFault(faults: Faults): boolean {
  return Object.values(faults).some((fault) => fault !== null);
}

/** The form's state: the draft, what is wrong with it, and the last event that was stored. */
export function useCapture(limits: Limits, zone: string, csrfToken: string | null) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(emptyDraft);
  const [refused, setRefused] = useState<Faults>(NO_FAULTS);
  const [tried, setTried] = useState(false);
  const [sending, setSending] = useState(false);
  const [stored, setStored] = useState<Captured | null>(null);
  // One id for one filled-in form: pressed again after a lost answer, it is still one event.
  const [insertId, setInsertId] = useState(newInsertId);

  const found = checkDraft(draft, limits, zone);
  const change = (next: Draft) => {
    setDraft(next);
    setRefused(NO_FAULTS);
    setInsertId(newInsertId());
    if (next.name !== "") setStored(null);
  };

  /** Sends the draft; true when it was stored. */
  const submit = async (): Promise<boolean> => {
    setTried(true);
    setStored(null);
    if (hasFault(found) || sending) return false;
    setSending(true);
    setRefused(NO_FAULTS);
    try {
      const captured = await captureEvent(toCapture(draft, insertId, zone), csrfToken);
      setStored(captured);
      setDraft({ ...emptyDraft(), mode: draft.mode });
      setInsertId(newInsertId());
      setTried(false);
      void client.invalidateQueries();
      return true;
    } catch (failure) {
      setRefused(faultsFrom(failure));
      // A token that ran out is renewed, so that pressing again works.
      const stale = failure instanceof Problem && [401, 403].includes(failure.status);
      if (stale) void client.invalidateQueries({ queryKey: ["session"] });
      return false;
    } finally {
      setSending(false);
    }
  };
  return { draft, change, found, refused, tried, sending, stored, submit };
}
