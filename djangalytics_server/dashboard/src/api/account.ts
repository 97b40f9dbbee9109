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

/** What an app is given for a second factor, this once; `qr` is a picture as a data URI. */
export interface AppSecret {
  secret: string;
  qr: string;
}

/** `code`, of a second factor, where one was asked for. */
export async function signIn(email: string, password: string, code: string): Promise<void> {
  await post("/api/session/", { email, password, ...(code !== "" && { code }) }, null);
}

export async function beginSecondFactor(
  proof: { current?: string },
  csrfToken: string | null,
): Promise<AppSecret> {
  const answer = await post("/api/account/second-factor/", proof, csrfToken);
  const from = fields(answer.body, "second factor");
  return { secret: text(from, "secret"), qr: text(from, "qr") };
}

/** The recovery codes, at the only moment when they are known. */
export async function confirmSecondFactor(
  code: string,
  csrfToken: string | null,
): Promise<string[]> {
  const answer = await post("/api/account/second-factor/confirm/", { code }, csrfToken);
  return list(fields(answer.body, "answer")["recovery_codes"], "recovery_codes", String);
}

export async function endSecondFactor(
  proof: { current?: string },
  csrfToken: string | null,
): Promise<void> {
  await remove("/api/account/second-factor/", csrfToken, proof);
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
