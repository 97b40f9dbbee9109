/** Signing in, and one's own account. */

import { get, patch, post, remove } from "./http";
import { fields, flag, list, text, whole } from "./read";

export interface Browser {
  id: number;
  current: boolean;
  address: string;
  browser: string;
  lastSeenAt: string;
}

export async function signIn(email: string, password: string): Promise<void> {
  await post("/api/session/", { email, password }, null);
}

export async function changeAccount(
  change: { name?: string; email?: string },
  csrfToken: string | null,
): Promise<void> {
  await patch("/api/account/", change, csrfToken);
}

export async function setPassword(
  wish: { password: string; current?: string },
  csrfToken: string | null,
): Promise<void> {
  await post("/api/account/password/", wish, csrfToken);
}

export async function fetchBrowsers(signal?: AbortSignal): Promise<Browser[]> {
  return list((await get("/api/account/sessions/", signal)).body, "sessions", (value) => {
    const from = fields(value, "session");
    return {
      id: whole(from, "id"),
      current: flag(from, "current"),
      address: text(from, "address"),
      browser: text(from, "browser"),
      lastSeenAt: text(from, "last_seen_at"),
    };
  });
}

export async function endBrowser(id: number, csrfToken: string | null): Promise<void> {
  await remove(`/api/account/sessions/${id}/`, csrfToken);
}
