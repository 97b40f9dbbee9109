/** The project's keys, as the API lists, makes and ends them. */

import { get, post, remove } from "./http";
import { fields, list, text, textOrNull, whole } from "./read";

export type KeyKind = "write" | "read" | "admin";

export interface Key {
  id: number;
  kind: string;
  name: string;
  prefix: string;
  /** `active`, `expired` or `revoked`. */
  state: string;
  createdAt: string;
  createdBy: string | null;
  lastUsedAt: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
}

/** A key at the only moment when its text is known. */
export interface FreshKey extends Key {
  key: string;
}

export interface KeyWish {
  kind: KeyKind;
  name: string;
  expires_at: string | null;
}

export function parseKey(value: unknown): Key {
  const from = fields(value, "key");
  return {
    id: whole(from, "id"),
    kind: text(from, "kind"),
    name: text(from, "name"),
    prefix: text(from, "prefix"),
    state: text(from, "state"),
    createdAt: text(from, "created_at"),
    createdBy: textOrNull(from, "created_by"),
    lastUsedAt: textOrNull(from, "last_used_at"),
    expiresAt: textOrNull(from, "expires_at"),
    revokedAt: textOrNull(from, "revoked_at"),
  };
}

function parseFresh(value: unknown): FreshKey {
  return { ...parseKey(value), key: text(fields(value, "key"), "key") };
}

export async function fetchKeys(signal?: AbortSignal): Promise<Key[]> {
  return list((await get("/api/keys/", signal)).body, "keys", parseKey);
}

export async function createKey(wish: KeyWish, csrfToken: string | null): Promise<FreshKey> {
  return parseFresh((await post("/api/keys/", wish, csrfToken)).body);
}

export async function rotateKey(id: number, csrfToken: string | null): Promise<FreshKey> {
  return parseFresh((await post(`/api/keys/${id}/rotate/`, {}, csrfToken)).body);
}

export async function revokeKey(id: number, csrfToken: string | null): Promise<void> {
  await remove(`/api/keys/${id}/`, csrfToken);
}
