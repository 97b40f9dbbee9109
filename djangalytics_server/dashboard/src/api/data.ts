/** How long events are kept, who was erased, and what was sent with which key. */

import { get, patch, post } from "./http";
import { parseRate } from "./parse";
import { fields, flag, list, text, textOrNull, whole, type Fields } from "./read";
import type { Rate } from "./types";

export interface Retention {
  /** null: for ever. */
  days: number | null;
  events: number;
  oldest: string | null;
  removed: number;
  due: number;
  run: RetentionRun | null;
}

export interface RetentionRun {
  /** `running`, `interrupted` or `done`. */
  state: string;
  days: number;
  beganAt: string;
  endedAt: string | null;
  removed: number;
}

export interface Erasure {
  id: number;
  subject: string;
  /** `waiting`, `running` or `done`. */
  state: string;
  askedBy: string;
  askedAt: string;
  events: number;
  of: number | null;
  rejected: number;
}

export interface Sent {
  requests: number;
  events: number;
  refusedKey: number;
  refusedAddress: number;
  refusedProject: number;
}

export interface KeySender {
  key: string | null;
  name: string | null;
  hour: Sent;
  day: Sent;
  left: number | null;
}

export interface Sending {
  key: Rate | null;
  address: Rate | null;
  project: Rate | null;
  /** Events that may be sent to the project now; null: it has no limit of its own. */
  left: number | null;
  redis: { answers: boolean; wentAway: number } | null;
  senders: KeySender[];
}

function wholeOrNull(from: Fields, key: string): number | null {
  return from[key] === null ? null : whole(from, key);
}

function parseRun(value: unknown): RetentionRun {
  const from = fields(value, "run");
  return {
    state: text(from, "state"),
    days: whole(from, "days"),
    beganAt: text(from, "began_at"),
    endedAt: textOrNull(from, "ended_at"),
    removed: whole(from, "removed"),
  };
}

function parseRetention(value: unknown): Retention {
  const from = fields(value, "retention");
  return {
    days: wholeOrNull(from, "days"),
    events: whole(from, "events"),
    oldest: textOrNull(from, "oldest"),
    removed: whole(from, "removed"),
    due: whole(from, "due"),
    run: from["run"] === null ? null : parseRun(from["run"]),
  };
}

function parseErasure(value: unknown): Erasure {
  const from = fields(value, "erasure");
  return {
    id: whole(from, "id"),
    subject: text(from, "subject"),
    state: text(from, "state"),
    askedBy: text(from, "asked_by"),
    askedAt: text(from, "asked_at"),
    events: whole(from, "events"),
    of: wholeOrNull(from, "of"),
    rejected: whole(from, "rejected"),
  };
}

function parseSent(value: unknown): Sent {
  const from = fields(value, "sent");
  return {
    requests: whole(from, "requests"),
    events: whole(from, "events"),
    refusedKey: whole(from, "refused_key"),
    refusedAddress: whole(from, "refused_address"),
    refusedProject: whole(from, "refused_project"),
  };
}

function parseSender(value: unknown): KeySender {
  const from = fields(value, "sender");
  return {
    key: textOrNull(from, "key"),
    name: textOrNull(from, "name"),
    hour: parseSent(from["hour"]),
    day: parseSent(from["day"]),
    left: wholeOrNull(from, "left"),
  };
}

export async function fetchRetention(days: number | null, signal?: AbortSignal): Promise<Retention> {
  const query = days === null ? "" : `?days=${days}`;
  return parseRetention((await get(`/api/retention/${query}`, signal)).body);
}

export async function keepFor(days: number | null, csrfToken: string | null): Promise<Retention> {
  return parseRetention((await patch("/api/retention/", { days }, csrfToken)).body);
}

export async function fetchErasures(signal?: AbortSignal): Promise<Erasure[]> {
  return list((await get("/api/erasures/", signal)).body, "erasures", parseErasure);
}

export async function erase(distinctId: string, csrfToken: string | null): Promise<Erasure> {
  const answer = await post("/api/erasures/", { distinct_id: distinctId }, csrfToken);
  return parseErasure(answer.body);
}

export async function fetchSending(signal?: AbortSignal): Promise<Sending> {
  const from = fields((await get("/api/sending/", signal)).body, "sending");
  const limits = fields(from["limits"], "limits");
  const redis = from["redis"] === null ? null : fields(from["redis"], "redis");
  return {
    key: parseRate(limits["key"]),
    address: parseRate(limits["address"]),
    project: parseRate(limits["project"]),
    left: wholeOrNull(from, "left"),
    redis:
      redis === null
        ? null
        : { answers: flag(redis, "answers"), wentAway: whole(redis, "went_away") },
    senders: list(from["senders"], "senders", parseSender),
  };
}
