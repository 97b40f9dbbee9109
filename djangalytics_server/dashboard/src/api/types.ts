/** The shapes the server answers with; times are RFC 3339 text, counts are whole numbers. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Properties = Record<string, Json>;

export type Interval = "minute" | "hour" | "day" | "week" | "month";

export interface DayCount {
  /** `YYYY-MM-DD`, or local RFC 3339 with offset when the interval is an hour or a minute. */
  date: string;
  name: string;
  count: number;
}

export interface NameCount {
  name: string;
  count: number;
}

export interface EventRecord {
  id: number;
  name: string;
  timestamp: string;
  receivedAt: string | null;
  properties: Properties;
  distinctId: string | null;
  sessionId: string | null;
  source: string | null;
}

export interface StatsRange {
  from: string | null;
  to: string | null;
  tz: string;
  interval: Interval;
  /** Every interval of the range in order; empty when the range is open-ended. */
  starts: string[];
}

export interface Verdicts {
  accepted: number;
  duplicates: number;
  rejected: number;
  reasons: { code: string; count: number }[];
}

export interface Stats {
  daily: DayCount[];
  counts: NameCount[];
  total: number;
  range: StatsRange;
  verdicts: Verdicts;
}

export interface EventPage {
  events: EventRecord[];
  /** Path and query of the next, older page; null at the end. */
  next: string | null;
}

export interface Limits {
  eventNameLength: number;
  propertiesKeys: number;
  propertyKeyLength: number;
  depth: number;
  eventBytes: number;
}

export type Role = "viewer" | "analyst" | "admin" | "owner";

/** Events a second, and how many at once. */
export interface Rate {
  rate: number;
  atOnce: number;
}

export interface Project {
  id: number;
  name: string;
  timeZone: string;
  openCapture: boolean;
  /** Origins of pages that may send events; none, unless it is said. */
  origins: string[];
  /** What `source` of an event may be; anything, if empty. */
  sources: string[];
  /** How fast it may be sent to; null: as fast as the server takes events. */
  limit: Rate | null;
  organisation: { id: number; name: string };
  /** What the reader may do there; null in development mode. */
  role: string | null;
}

export interface User {
  id: number;
  name: string;
  email: string | null;
  hasPassword: boolean;
  /** Whether a new password takes the one so far. */
  needsCurrent: boolean;
  /** Whether a code is asked for after the password, and how many recovery codes are left. */
  secondFactor: boolean;
  recoveryCodes: number;
}

export interface Session {
  authenticated: boolean;
  canRead: boolean;
  mode: string;
  demo: boolean;
  user: User | null;
  role: string | null;
  project: Project | null;
  projects: Project[];
  /** Whether people may sign in by a provider. */
  singleSignOn: boolean;
  csrfToken: string | null;
  version: string;
}

export interface Capture {
  event_name: string;
  insert_id: string;
  source: string;
  timestamp?: string;
  properties?: Properties;
}

export interface Captured {
  id: number;
  name: string;
  status: "accepted" | "duplicate";
}
