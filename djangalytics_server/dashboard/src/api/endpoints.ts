/** One function for each question the dashboard asks. */

import { get, post } from "./http";
import { forgetAll } from "./known";
import { nextLink } from "./link";
import { parseCaptured, parseEvents, parseLimits, parseSession, parseStats } from "./parse";
import type { Capture, Captured, EventPage, Interval, Limits, Session, Stats } from "./types";

export interface StatsQuestion {
  from: string | null;
  to: string | null;
  interval: Interval;
  tz: string;
  names: readonly string[];
}

export function statsPath(question: StatsQuestion): string {
  const query = new URLSearchParams();
  if (question.from !== null) query.set("from", question.from);
  if (question.to !== null) query.set("to", question.to);
  query.set("tz", question.tz);
  query.set("interval", question.interval);
  for (const name of question.names) query.append("event_name", name);
  return `/api/stats/?${query}`;
}

export function eventsPath(names: readonly string[], limit: number): string {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const name of names) query.append("event_name", name);
  return `/api/events/?${query}`;
}

export async function fetchStats(question: StatsQuestion, signal?: AbortSignal): Promise<Stats> {
  return parseStats((await get(statsPath(question), signal)).body);
}

export async function fetchEvents(path: string, signal?: AbortSignal): Promise<EventPage> {
  const answer = await get(path, signal);
  return { events: parseEvents(answer.body), next: nextLink(answer.headers.get("Link")) };
}

export async function fetchSession(signal?: AbortSignal): Promise<Session> {
  return parseSession((await get("/api/session/", signal)).body);
}

export async function fetchLimits(signal?: AbortSignal): Promise<Limits> {
  return parseLimits((await get("/api/limits/", signal)).body);
}

export async function captureEvent(event: Capture, csrfToken: string | null): Promise<Captured> {
  return parseCaptured((await post("/api/capture_event/", event, csrfToken)).body);
}

export async function signOut(csrfToken: string | null): Promise<void> {
  await post("/api/session/logout/", {}, csrfToken);
  forgetAll();
}
