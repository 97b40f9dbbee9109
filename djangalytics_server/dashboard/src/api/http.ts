/** One request: JSON in, JSON out, and every failure as one of the classes in `failure`. */

import { chosenProject } from "./project";
import { BadAnswer, Unreachable } from "./failure";
import { recall, remember, type Answer } from "./known";
import { parseProblem } from "./parse";

const PATIENCE_MS = 20_000;

interface Options {
  signal?: AbortSignal;
  body?: unknown;
  csrfToken?: string | null;
  /** The tag of the answer that is there already. */
  tag?: string;
}

async function send(path: string, method: string, options: Options): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const headers = new Headers({ Accept: "application/json" });
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  if (options.csrfToken) headers.set("X-CSRF-Token", options.csrfToken);
  if (options.tag) headers.set("If-None-Match", options.tag);
  const project = chosenProject();
  if (project !== null) headers.set("X-Project", project);
  try {
    return await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      cache: "no-store",
      credentials: "same-origin",
      signal: options.signal ? AbortSignal.any([options.signal, patience]) : patience,
    });
  } catch (error) {
    // A query that was given up (new range, closed page) is not a failure of the server.
    if (options.signal?.aborted) throw error;
    throw new Unreachable(patience.aborted ? "no answer in 20 s" : "no connection");
  }
}

async function decode(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  let body: string;
  try {
    body = await response.text();
  } catch {
    throw new Unreachable("the connection was cut");
  }
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

async function request(path: string, method: string, options: Options): Promise<Answer> {
  return read(path, await send(path, method, options));
}

async function read(path: string, response: Response): Promise<Answer> {
  const body = await decode(response);
  if (!response.ok) {
    throw parseProblem(response.status, body, response.headers.get("X-Request-Id"));
  }
  if (body === undefined) throw new BadAnswer(`${path} did not answer with JSON`);
  return { body, headers: response.headers };
}

/** Has the browser keep an answer that is no JSON as a file. */
export async function download(path: string, name: string): Promise<void> {
  const response = await send(path, "GET", {});
  if (!response.ok) {
    throw parseProblem(response.status, await decode(response), response.headers.get("X-Request-Id"));
  }
  const place = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = place;
  link.download = name;
  link.click();
  URL.revokeObjectURL(place);
}

export async function get(path: string, signal?: AbortSignal): Promise<Answer> {
  const address = `${chosenProject() ?? ""} ${path}`;
  const had = recall(address);
  const options = { ...(signal && { signal }), ...(had && { tag: had.tag }) };
  const response = await send(path, "GET", options);
  if (response.status === 304 && had !== undefined) return had.answer;
  const answer = await read(path, response);
  remember(address, answer);
  return answer;
}

export function post(path: string, body: unknown, csrfToken: string | null): Promise<Answer> {
  return request(path, "POST", { body, csrfToken });
}

export function patch(path: string, body: unknown, csrfToken: string | null): Promise<Answer> {
  return request(path, "PATCH", { body, csrfToken });
}

export function remove(path: string, csrfToken: string | null, body?: unknown): Promise<Answer> {
  return request(path, "DELETE", { body, csrfToken });
}
