"""What the front accepts, the one error it raises, and the answers it gives by itself."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus


class FrontError(Exception):
    """The front cannot start; the message is one sentence for the terminal."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client may send, and how slowly.

    ``header_bytes``: request line and headers; more is answered 431.
    ``body_bytes``: the body on the wire; more is answered 413. Keep it well above what the
    application allows, so that the application words the usual refusal itself.
    ``request_seconds``: from a request's first byte to its last; longer is answered 408. Also how
    long a reader may leave a response untouched before it is cut off.
    ``idle_seconds``: how long a connection may stay open between requests.
    ``connections``: open at once in one process; more wait in the kernel's queue.
    ``waiting``: whole requests waiting for a thread; more are answered 503 with Retry-After.
    """

    header_bytes: int = 16 * 1024
    body_bytes: int = 8 * 1024 * 1024
    request_seconds: float = 30.0
    idle_seconds: float = 75.0
    connections: int = 4096
    waiting: int = 512


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer the front gives without asking the application."""

    status: int
    code: str
    detail: str
    retry_after: int | None = None

    def response(self, head_only: bool = False) -> bytes:
        """Write the whole HTTP response, which also closes the connection."""
        request_id = secrets.token_hex(16)
        title = HTTPStatus(self.status).phrase
        problem = {
            "type": "about:blank",
            "title": title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
            "errors": [],
        }
        body = json.dumps(problem).encode()
        lines = [
            f"HTTP/1.1 {self.status} {title}",
            "Connection: close",
            f"Content-Length: {len(body)}",
            "Content-Type: application/problem+json",
            f"Date: {formatdate(usegmt=True)}",
            f"X-Request-Id: {request_id}",
        ]
        if self.retry_after is not None:
            lines.append(f"Retry-After: {self.retry_after}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return head if head_only else head + body


MALFORMED = Refusal(400, "malformed_request", "The request is not well-formed HTTP.")
TOO_SLOW = Refusal(408, "request_timeout", "The request did not arrive in time.")
BODY_TOO_LARGE = Refusal(
    413, "body_too_large", "The request body is larger than this server takes."
)
HEAD_TOO_LARGE = Refusal(431, "headers_too_large", "The request line and headers are too large.")
INTERNAL = Refusal(500, "internal_error", "The server could not answer this request.")
NOT_IMPLEMENTED = Refusal(
    501, "unsupported_transfer_encoding", "Of the transfer codings, only chunked is understood."
)
OVERLOADED = Refusal(503, "overloaded", "Too many requests are waiting.", retry_after=1)
SHUTTING_DOWN = Refusal(503, "shutting_down", "The server is stopping.", retry_after=1)
