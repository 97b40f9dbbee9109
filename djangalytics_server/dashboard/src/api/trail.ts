/** The audit trail: who did what, page by page, or as a file. */

import { download, get } from "./http";
import { nextLink } from "./link";
import { fields, list, text, textOrNull, whole } from "./read";

export interface TrailEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  address: string | null;
  details: string;
}

export interface TrailPage {
  entries: TrailEntry[];
  next: string | null;
}

export interface TrailSearch {
  actor: string;
  action: string;
  from: string;
  to: string;
}

/** Everything that is recorded, in the order of the API's table. */
export const ACTIONS = [
  "key.create",
  "key.revoke",
  "key.rotate",
  "project.create",
  "project.change",
  "project.delete",
  "organisation.create",
  "organisation.rename",
  "member.role",
  "member.remove",
  "invitation.create",
  "invitation.revoke",
  "invitation.accept",
  "account.change",
  "account.password",
  "second_factor.on",
  "second_factor.off",
  "login_link.create",
  "person.erase",
  "retention.change",
  "cohort.create",
  "cohort.change",
  "cohort.delete",
  "session.create",
  "session.end",
] as const;

function parseEntry(value: unknown): TrailEntry {
  const from = fields(value, "entry");
  const details = Object.entries(fields(from["details"], "details"));
  return {
    id: whole(from, "id"),
    at: text(from, "at"),
    actor: text(from, "actor"),
    action: text(from, "action"),
    subject: text(from, "subject"),
    address: textOrNull(from, "address"),
    details: details.map(([name, said]) => `${name}: ${String(said)}`).join(", "),
  };
}

function query(search: TrailSearch, zone: string): URLSearchParams {
  const asked = new URLSearchParams();
  for (const name of ["actor", "action", "from", "to"] as const) {
    if (search[name].trim() !== "") asked.set(name, search[name].trim());
  }
  if (search.from !== "" || search.to !== "") asked.set("tz", zone);
  return asked;
}

export function trailPath(search: TrailSearch, zone: string): string {
  return `/api/audit/?${query(search, zone)}`;
}

export async function fetchTrail(path: string, signal?: AbortSignal): Promise<TrailPage> {
  const answer = await get(path, signal);
  return {
    entries: list(answer.body, "trail", parseEntry),
    next: nextLink(answer.headers.get("Link")),
  };
}

/** Everything that fits the search, as a file of the reader's. */
export async function exportTrail(search: TrailSearch, zone: string, form: "csv" | "ndjson") {
  const asked = query(search, zone);
  asked.set("format", form);
  await download(`/api/audit/export/?${asked}`, `audit.${form}`);
}
