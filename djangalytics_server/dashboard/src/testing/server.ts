/** A server in memory: the page's own fetch is the only thing replaced. */

import { vi } from "vitest";
import {
  browserAnswer,
  deliveryAnswer,
  LIMITS,
  memberAnswer,
  retentionAnswer,
  sendingAnswer,
  SESSION,
  statsAnswer,
} from "./answers";

export interface Reply {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

type Answerer = (asked: Asked) => Reply | "down";

const USUAL: Record<string, Answerer> = {
  "GET /api/session/": () => ({ body: SESSION }),
  "GET /api/limits/": () => ({ body: LIMITS }),
  "GET /api/stats/": () => ({ body: statsAnswer([]) }),
  "GET /api/events/": () => ({ body: [] }),
  "GET /api/keys/": () => ({ body: [] }),
  "GET /api/people/": () => ({ body: [memberAnswer(1)] }),
  "GET /api/invitations/": () => ({ body: [] }),
  "GET /api/account/sessions/": () => ({ body: [browserAnswer(1)] }),
  "GET /api/retention/": () => ({ body: retentionAnswer() }),
  "GET /api/erasures/": () => ({ body: [] }),
  "GET /api/sending/": () => ({ body: sendingAnswer() }),
  "GET /api/audit/": () => ({ body: [] }),
  "GET /api/delivery/": () => ({ body: deliveryAnswer() }),
};

/** Answers the page's requests; routes given here go before the usual ones and may be changed later. */
export function startServer(routes: Record<string, Answerer> = {}) {
  const server = { routes: { ...USUAL, ...routes }, asked: [] as Asked[], down: false };
  const answer = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input, "http://server.test");
    const asked: Asked = {
      method: init?.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(init?.headers),
      body: typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : null,
    };
    server.asked.push(asked);
    const reply = server.down ? "down" : server.routes[`${asked.method} ${asked.path}`]?.(asked);
    if (reply === "down") return Promise.reject(new TypeError("Failed to fetch"));
    const { status = reply ? 200 : 404, body = null, headers = {} } = reply ?? {};
    const empty = status === 204 || status === 304;
    const text = empty ? null : typeof body === "string" ? body : JSON.stringify(body);
    return Promise.resolve(new Response(text, { status, headers }));
  };
  vi.stubGlobal("fetch", vi.fn(answer));
  return server;
}
