"""Requests that the application takes at once and answers later, while no thread waits for it.

A WSGI application holds a thread until it has its answer. An application whose answers wait for
a disk may offer ``quick`` beside itself: it takes a request in a fraction of a millisecond and
gives the answer from whatever thread has it. What ``quick`` does not take goes the ordinary way.

The loop gathers: it offers what all sockets have that are ready, and then says ``settle``, so that
requests which came together cost one transaction, and no thread need be woken for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]

from djangalytics_server.front.dates import date_line

INLINE_BYTES = 8 * 1024
"""Bodies up to this size are taken in the loop's own thread; larger ones in a worker's."""

_CONNECTIONS = frozenset({"", "keep-alive", "close"})

Reply = Callable[[str, bytes, bytes], None]
"""Takes a status line's end (``200 OK``), header lines each ended by CRLF, and a body."""


class Quick(Protocol):
    """What an application offers as ``quick``."""

    routes: Collection[tuple[str, str]]
    """Methods and paths of the requests that it is offered."""

    def take(
        self,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        reply: Reply,
        address: str,
        *,
        gather: bool,
    ) -> bool:
        """Take the request and reply once, now or later; False, and nothing done, to decline.

        ``headers`` have WSGI's names without HTTP_, such as CONTENT_TYPE; ``address`` is the
        other end of the connection. After ``gather`` the reply may wait for ``settle``.
        """

    def settle(self) -> None:
        """Do for all that was gathered what can be done for many at once."""


def offer(
    quick: Quick, request: HTTPRequestParser, reply: Reply, address: str, *, gather: bool
) -> bool:
    """Offer a complete request; whether it was taken."""
    if not fits(quick, request):
        return False
    stream = request.get_body_stream()
    body = stream.read()
    stream.seek(0)  # for whoever reads it if it is declined
    return quick.take(request.path, request.headers, body, reply, address, gather=gather)


def is_small(request: HTTPRequestParser) -> bool:
    """Whether the loop may take it without keeping others waiting."""
    return int(request.content_length) <= INLINE_BYTES and not request.chunked


def head(status: str, headers: bytes, body: bytes, *, close: bool) -> bytes:
    """The response's first lines."""
    end = b"Connection: close\r\n\r\n" if close else b"\r\n"
    lines = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{date_line()}"
    return b"".join((lines.encode("latin-1"), headers, end))


def wants_end(request: HTTPRequestParser) -> bool:
    """Whether the client says that the connection ends with this answer."""
    return str(request.headers.get("CONNECTION", "")).lower() == "close"


def fits(quick: Quick, request: HTTPRequestParser) -> bool:
    """Whether it is a request that the application wants to be offered."""
    return (
        (request.command, request.path) in quick.routes
        and request.version == "1.1"
        and not request.query
        and str(request.headers.get("CONNECTION", "")).lower() in _CONNECTIONS
    )
