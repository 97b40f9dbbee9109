"""The answers the front gives by itself, as application/problem+json, and when it gives them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]

from djangalytics_server.front.dates import date_line


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer given without asking the application; ``retry_after`` in seconds."""

    status: int
    code: str
    detail: str
    retry_after: int | None = None

    def response(self, *, close: bool = True, head_only: bool = False) -> bytes:
        """Write the whole HTTP response."""
        request_id = secrets.token_hex(16).encode()
        whole = _form(self, close, head_only).replace(_ID, request_id)
        return whole.replace(_DATE, date_line().encode("latin-1"), 1)


_ID, _DATE = b"(request id)", b"(date)"
"""Where in the form of an answer go what no two answers share, and what those of a second do."""


@lru_cache(maxsize=64)
def _form(refusal: Refusal, close: bool, head_only: bool) -> bytes:
    """A refusal as it is sent, but for its id and its date: in a flood they are what costs."""
    title = HTTPStatus(refusal.status).phrase
    problem = {
        "type": "about:blank",
        "title": title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        "request_id": _ID.decode(),
        "errors": [],
    }
    body = json.dumps(problem)
    lines = [
        f"HTTP/1.1 {refusal.status} {title}",
        f"Content-Length: {len(body) - len(_ID) + 2 * 16}",
        "Content-Type: application/problem+json",
        f"{_DATE.decode()}X-Request-Id: {_ID.decode()}",
    ]
    if close:
        lines.append("Connection: close")
    if refusal.retry_after is not None:
        lines.append(f"Retry-After: {refusal.retry_after}")
    head = "\r\n".join(lines) + "\r\n\r\n"
    return (head if head_only else head + body).encode("latin-1")


MALFORMED = Refusal(400, "malformed_request", "The request is not well-formed HTTP.")
TOO_SLOW = Refusal(408, "request_timeout", "The request did not arrive in time.")
BODY_TOO_LARGE = Refusal(413, "body_too_large", "The request body is larger than the server takes.")
HEAD_TOO_LARGE = Refusal(431, "headers_too_large", "The request line and headers are too large.")
INTERNAL = Refusal(500, "internal_error", "The server could not answer this request.")
UNKNOWN_CODING = Refusal(
    501, "unsupported_transfer_encoding", "Of the transfer codings, only chunked is understood."
)
NO_ROOM = Refusal(503, "no_room", "The server has no room to receive this request.", retry_after=5)
OVERLOADED = Refusal(503, "overloaded", "Too many requests are waiting.", retry_after=1)
SHUTTING_DOWN = Refusal(503, "shutting_down", "The server is stopping.", retry_after=1)

_BY_STATUS = {413: BODY_TOO_LARGE, 431: HEAD_TOO_LARGE, 501: UNKNOWN_CODING}


def judge(parser: HTTPRequestParser) -> Refusal | None:
    """Say what is wrong with as much of a request as the parser has seen, None when nothing is."""
    if parser.error is not None:
        return _BY_STATUS.get(parser.error.code, MALFORMED)
    if not parser.headers_finished or parser.empty:
        return None
    # Two notions of a body's length, or no Host, are how requests are smuggled past proxies.
    if parser.version != "1.1":
        return MALFORMED if "TRANSFER_ENCODING" in parser.headers else None
    if parser.chunked and not parser.completed and "CONTENT_LENGTH" in parser.headers:
        return MALFORMED
    return None if "HOST" in parser.headers else MALFORMED
