/** The delivery ledger's JSON, decoded once. */

import { BadAnswer } from "../api/failure";
import { fields, flag, list, text, whole, type Fields } from "../api/read";

export type State = "complete" | "on_the_way" | "dropped" | "missing";

const STATES: readonly string[] = ["complete", "on_the_way", "dropped", "missing"];

/** What became of numbers: tracked = received + missing + onTheWay + dropped. */
export interface Numbers {
  tracked: number;
  received: number;
  missing: number;
  onTheWay: number;
  dropped: number;
  repeated: number;
  late: number;
  lost: { code: string; count: number }[];
}

export interface Producer extends Numbers {
  id: string;
  host: string;
  process: string;
  lastSeen: string;
  state: State;
  /** First number and how many from there on. */
  missingRanges: [number, number][];
  missingTruncated: boolean;
}

export interface Delivery {
  totals: Numbers & { producers: number; merged: number; unreadable: number };
  producers: Producer[];
  truncated: boolean;
}

function parseReasons(value: unknown): { code: string; count: number }[] {
  return list(value, "reasons", (reason) => {
    const entry = fields(reason, "reason");
    return { code: text(entry, "code"), count: whole(entry, "count") };
  });
}

function parseNumbers(from: Fields): Numbers {
  return {
    tracked: whole(from, "tracked"),
    received: whole(from, "received"),
    missing: whole(from, "missing"),
    onTheWay: whole(from, "on_the_way"),
    dropped: whole(from, "dropped"),
    repeated: whole(from, "repeated"),
    late: whole(from, "late"),
    lost: parseReasons(from["lost"]),
  };
}

function parseRange(value: unknown): [number, number] {
  const [first, count] = list(value, "range", Number);
  if (first === undefined || count === undefined) throw new BadAnswer("a range is two numbers");
  return [first, count];
}

function parseProducer(value: unknown): Producer {
  const from = fields(value, "producer");
  const state = text(from, "state");
  if (!STATES.includes(state)) throw new BadAnswer(`unknown state ${state}`);
  return {
    ...parseNumbers(from),
    id: text(from, "id"),
    host: text(from, "host"),
    process: text(from, "process"),
    lastSeen: text(from, "last_seen"),
    state: state as State,
    missingRanges: list(from["missing_ranges"], "missing_ranges", parseRange),
    missingTruncated: flag(from, "missing_truncated"),
  };
}

export function parseDelivery(value: unknown): Delivery {
  const from = fields(value, "delivery");
  const totals = fields(from["totals"], "totals");
  return {
    totals: {
      ...parseNumbers(totals),
      producers: whole(totals, "producers"),
      merged: whole(totals, "merged"),
      unreadable: parseReasons(totals["unreadable"]).reduce((sum, { count }) => sum + count, 0),
    },
    producers: list(from["producers"], "producers", parseProducer),
    truncated: flag(from, "producers_truncated"),
  };
}
