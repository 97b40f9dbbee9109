/** Answers that came under a tag: of what has not changed the server says only that (RFC 9110). */

export interface Answer {
  body: unknown;
  headers: Headers;
}

interface Known {
  tag: string;
  answer: Answer;
}

/** Of one page: its charts, its feed, and the ranges that somebody goes back and forth between. */
const MOST = 24;
const known = new Map<string, Known>();

/** What this address answered last, if it said under which tag. */
export function recall(address: string): Known | undefined {
  return known.get(address);
}

export function remember(address: string, answer: Answer): void {
  known.delete(address);
  const tag = answer.headers.get("ETag");
  if (tag === null) return;
  known.set(address, { tag, answer });
  if (known.size <= MOST) return;
  for (const oldest of known.keys()) {
    known.delete(oldest);
    return;
  }
}

/** Somebody else may sit down at this page. */
export function forgetAll(): void {
  known.clear();
}
