/** The server's JSON, decoded once into the shapes of `types`. */

import { BadAnswer, Problem, type FieldError } from "./failure";
import { fields, flag, json, list, text, textOrNull, whole, type Fields } from "./read";
import type {
  Captured,
  EventRecord,
  Interval,
  Limits,
  Project,
  Properties,
  Rate,
  Session,
  Stats,
  StatsRange,
  Verdicts,
} from "./types";

const INTERVALS: readonly string[] = ["minute", "hour", "day", "week", "month"];

export function parseEvent(value: unknown): EventRecord {
  const from = fields(value, "event");
  return {
    id: whole(from, "id"),
    name: text(from, "event_name"),
    timestamp: text(from, "timestamp"),
    receivedAt: textOrNull(from, "received_at"),
    properties: json(fields(from["properties"] ?? {}, "properties")) as Properties,
    distinctId: textOrNull(from, "distinct_id"),
    sessionId: textOrNull(from, "session_id"),
    source: textOrNull(from, "source"),
  };
}

export function parseEvents(value: unknown): EventRecord[] {
  return list(value, "events", parseEvent);
}

function parseRange(value: unknown): StatsRange {
  const from = fields(value, "range");
  const interval = text(from, "interval");
  if (!INTERVALS.includes(interval)) throw new BadAnswer(`unknown interval ${interval}`);
  return {
    from: textOrNull(from, "from"),
    to: textOrNull(from, "to"),
    tz: text(from, "tz"),
    interval: interval as Interval,
    starts: list(from["starts"], "starts", String),
  };
}

function parseVerdicts(value: unknown): Verdicts {
  const from = fields(value, "verdicts");
  return {
    accepted: whole(from, "accepted"),
    duplicates: whole(from, "duplicates"),
    rejected: whole(from, "rejected"),
    reasons: list(from["reasons"], "reasons", (reason) => {
      const entry = fields(reason, "reason");
      return { code: text(entry, "code"), count: whole(entry, "count") };
    }),
  };
}

export function parseStats(value: unknown): Stats {
  const from = fields(value, "stats");
  return {
    daily: list(from["daily_stats"], "daily_stats", (row) => {
      const entry = fields(row, "daily_stats row");
      return {
        date: text(entry, "date"),
        name: text(entry, "event_name"),
        count: whole(entry, "count"),
      };
    }),
    counts: list(from["event_counts"], "event_counts", (row) => {
      const entry = fields(row, "event_counts row");
      return { name: text(entry, "event_name"), count: whole(entry, "count") };
    }),
    total: whole(from, "total_events"),
    range: parseRange(from["range"]),
    verdicts: parseVerdicts(from["verdicts"]),
  };
}

export function parseLimits(value: unknown): Limits {
  const from = fields(value, "limits");
  return {
    eventNameLength: whole(from, "event_name_length"),
    propertiesKeys: whole(from, "properties_keys"),
    propertyKeyLength: whole(from, "property_key_length"),
    depth: whole(from, "depth"),
    eventBytes: whole(from, "event_bytes"),
  };
}

function optional<T>(from: Fields, key: string, read: (inner: Fields) => T): T | null {
  const value = from[key];
  return value === null || value === undefined ? null : read(fields(value, key));
}

export function parseRate(value: unknown): Rate | null {
  if (value === null) return null;
  const from = fields(value, "rate");
  return { rate: whole(from, "rate"), atOnce: whole(from, "at_once") };
}

export function parseProject(value: unknown): Project {
  const from = fields(value, "project");
  const organisation = fields(from["organisation"], "organisation");
  return {
    id: whole(from, "id"),
    name: text(from, "name"),
    timeZone: text(from, "time_zone"),
    openCapture: flag(from, "open_capture"),
    origins: list(from["origins"], "origins", String),
    sources: list(from["sources"], "sources", String),
    limit: parseRate(from["limit"]),
    organisation: { id: whole(organisation, "id"), name: text(organisation, "name") },
    role: textOrNull(from, "role"),
  };
}

export function parseSession(value: unknown): Session {
  const from = fields(value, "session");
  return {
    authenticated: flag(from, "authenticated"),
    canRead: flag(from, "can_read"),
    mode: text(from, "mode"),
    demo: from["demo"] === true,
    user: optional(from, "user", (user) => ({
      id: whole(user, "id"),
      name: text(user, "name"),
      email: textOrNull(user, "email"),
      hasPassword: flag(user, "has_password"),
      needsCurrent: flag(user, "needs_current"),
      secondFactor: flag(user, "second_factor"),
      recoveryCodes: whole(user, "recovery_codes"),
    })),
    role: textOrNull(from, "role"),
    project: optional(from, "project", parseProject),
    projects: list(from["projects"], "projects", parseProject),
    singleSignOn: flag(from, "single_sign_on"),
    csrfToken: textOrNull(from, "csrf_token"),
    version: textOrNull(from, "version") ?? "",
  };
}

export function parseCaptured(value: unknown): Captured {
  const from = fields(value, "captured event");
  const status = from["status"] === "duplicate" ? "duplicate" : "accepted";
  return { id: whole(from, "id"), name: text(from, "event_name"), status };
}

function parseFieldError(value: unknown): FieldError {
  const from = fields(value, "error");
  const index = from["index"];
  return {
    index: typeof index === "number" ? index : null,
    field: textOrNull(from, "field"),
    code: textOrNull(from, "code") ?? "",
    message: textOrNull(from, "message") ?? "",
  };
}

/** A problem from any failed answer: a proxy's HTML page has a status only, and that will do. */
export function parseProblem(status: number, body: unknown, requestId: string | null): Problem {
  const bare = () => new Problem(status, `http_${status}`, `HTTP ${status}`, "", requestId);
  try {
    const from = fields(body, "problem");
    return new Problem(
      status,
      textOrNull(from, "code") ?? `http_${status}`,
      textOrNull(from, "title") ?? `HTTP ${status}`,
      textOrNull(from, "detail") ?? "",
      textOrNull(from, "request_id") ?? requestId,
      Array.isArray(from["errors"]) ? from["errors"].map(parseFieldError) : [],
    );
  } catch (error) {
    if (error instanceof BadAnswer) return bare();
    throw error;
  }
}
