/** Every way a request can fail, each with words for the reader. */

export interface FieldError {
  index: number | null;
  field: string | null;
  code: string;
  message: string;
}

/** No answer came: the server is down, or the network between is. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** An answer came that is not what the contract promises. */
export class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** The server said no, with an RFC 9457 problem (or a bare status from something in between). */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string | null,
    readonly errors: FieldError[] = [],
  ) {
    super(detail || title);
  }
}

export function needsSignIn(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}

function isGateway(error: Problem): boolean {
  return [502, 504].includes(error.status) && error.code.startsWith("http_");
}

export interface FailureWords {
  title: string;
  advice: string;
  reference: string | null;
}

/** What to tell the reader, and what they can do. */
export function describeFailure(error: unknown): FailureWords {
  if (error instanceof Unreachable || (error instanceof Problem && isGateway(error))) {
    return {
      title: "No answer from the server.",
      advice: "Is djangalytics-server still running? Retrying…",
      reference: null,
    };
  }
  if (error instanceof Problem) {
    const busy = error.status === 429 || error.status === 503;
    const trace = error.requestId === null ? "" : `, request ${error.requestId}`;
    return {
      title: `${(error.title || "The server refused").replace(/\.$/, "")}.`,
      advice: [error.detail, busy ? "Retrying…" : ""].filter(Boolean).join(" "),
      reference: `Code ${error.code}${trace}`,
    };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return {
    title: "The server's answer was not understood.",
    advice: "Reload the page; if it stays, the page and the server may be of different versions.",
    reference: detail,
  };
}
