/** Answers as the server gives them, with believable defaults. */

interface Row {
  date: string;
  event_name: string;
  count: number;
}

export const PROJECT = {
  id: 1,
  name: "Leaf & Kettle",
  time_zone: "Europe/Berlin",
  open_capture: true,
  origins: [] as string[],
  sources: [] as string[],
  limit: null as { rate: number; at_once: number } | null,
  organisation: { id: 1, name: "Tea Ltd." },
  role: "owner",
};

export const SESSION = {
  authenticated: true,
  can_read: true,
  mode: "production",
  demo: false,
  user: { id: 1, name: "owner", email: null as string | null, has_password: false, needs_current: false, second_factor: false, recovery_codes: 0 },
  role: "owner",
  project: PROJECT,
  projects: [PROJECT],
  capture_open: true,
  single_sign_on: false,
  csrf_token: "csrf-1",
  version: "0.1.0",
};

export const LIMITS = {
  event_name_length: 100,
  insert_id_length: 100,
  distinct_id_length: 200,
  properties_keys: 255,
  property_key_length: 200,
  depth: 8,
  event_bytes: 32_768,
  batch_events: 1_000,
  body_bytes: 1_048_576,
  inflated_bytes: 5_242_880,
};

export const NO_VERDICTS = { accepted: 0, duplicates: 0, rejected: 0, reasons: [] };

/** A stats answer whose counts and total are summed from its rows. */
export function statsAnswer(rows: Row[], overrides: Record<string, unknown> = {}) {
  const counts = new Map<string, number>();
  for (const { event_name, count } of rows) {
    counts.set(event_name, (counts.get(event_name) ?? 0) + count);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return {
    daily_stats: rows,
    event_counts: sorted.map(([event_name, count]) => ({ event_name, count })),
    recent_events: [],
    total_events: rows.reduce((sum, { count }) => sum + count, 0),
    range: { from: null, to: null, tz: "Europe/Berlin", interval: "day", starts: [] as string[] },
    verdicts: {
      accepted: 130,
      duplicates: 4,
      rejected: 3,
      reasons: [{ code: "event_name_missing", count: 3 }],
    },
    ...overrides,
  };
}

const NUMBERS = {
  tracked: 0,
  received: 0,
  missing: 0,
  on_the_way: 0,
  dropped: 0,
  repeated: 0,
  late: 0,
  unplaced: 0,
  lost: [] as { code: string; count: number }[],
};

/** One sender in the delivery ledger, that nothing is missing of. */
export function producerAnswer(id: string, tracked: number, overrides: Record<string, unknown> = {}) {
  return {
    ...NUMBERS,
    id,
    host: "web-1",
    process: `gunicorn[${id}]`,
    started_at: "2026-11-22T18:40:00.000000Z",
    first_seen: "2026-11-22T18:40:01.000000Z",
    last_seen: new Date().toISOString(),
    state: "complete",
    tracked,
    received: tracked,
    missing_ranges: [] as number[][],
    missing_truncated: false,
    ...overrides,
  };
}

/** A ledger; its totals are those given. */
export function deliveryAnswer(
  producers: unknown[] = [],
  totals: Record<string, unknown> = {},
  truncated = false,
) {
  const sums = { ...NUMBERS, producers: producers.length, merged: 0, unreadable: [], ...totals };
  return { totals: sums, producers, producers_truncated: truncated };
}

export function eventAnswer(id: number, name: string, overrides: Record<string, unknown> = {}) {
  return {
    id,
    event_name: name,
    timestamp: new Date(Date.now() - 1_000 * (1_000 - id)).toISOString(),
    received_at: null,
    properties: {},
    distinct_id: null,
    session_id: null,
    source: null,
    insert_id: `insert-${id}`,
    ...overrides,
  };
}

export function problemAnswer(status: number, code: string, errors: unknown[] = []) {
  return {
    type: "about:blank",
    title: "It was refused",
    status,
    code,
    detail: "Because of a test.",
    request_id: "req-1",
    errors,
  };
}

export function retentionAnswer(overrides: Record<string, unknown> = {}) {
  const nothing = { days: null, events: 0, oldest: null, removed: 0, due: 0, run: null };
  return { ...nothing, ...overrides };
}

export function erasureAnswer(id: number, overrides: Record<string, unknown> = {}) {
  return {
    id,
    subject: "sha256:0123456789abcdef",
    state: "done",
    asked_by: "owner",
    asked_at: new Date().toISOString(),
    ended_at: new Date().toISOString(),
    events: 12,
    of: 12,
    rejected: 0,
    ...overrides,
  };
}

export function sendingAnswer(senders: unknown[] = [], overrides: Record<string, unknown> = {}) {
  const rate = { rate: 20_000, at_once: 1_200_000 };
  const limits = { key: rate, address: rate, project: null };
  return { limits, left: null, redis: null, senders, ...overrides };
}

export function trailAnswer(id: number, overrides: Record<string, unknown> = {}) {
  return {
    id,
    at: new Date().toISOString(),
    actor: "owner",
    action: "key.create",
    subject: `key ${id}`,
    address: "192.0.2.7",
    details: {},
    ...overrides,
  };
}

const HOUR_MS = 3_600_000;

export const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString();

export function memberAnswer(id: number, overrides: Record<string, unknown> = {}) {
  return {
    id,
    name: id === 1 ? "owner" : `person ${id}`,
    email: id === 1 ? null : `person${id}@example.com`,
    role: id === 1 ? "owner" : "analyst",
    second_factor: false,
    joined_at: ago(240),
    last_seen_at: ago(id),
    ...overrides,
  };
}

export function invitationAnswer(id: number, email: string, role = "viewer") {
  return { id, email, role, created_at: ago(1), created_by: "owner", expires_at: ago(-160) };
}

export function browserAnswer(id: number, overrides: Record<string, unknown> = {}) {
  return {
    id,
    current: id === 1,
    address: `192.0.2.${id}`,
    browser: "Mozilla/5.0 (X11; Linux x86_64)",
    created_at: ago(30),
    last_seen_at: ago(id),
    expires_at: ago(-600),
    ...overrides,
  };
}
