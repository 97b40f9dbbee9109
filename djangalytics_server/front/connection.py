"""One client's connection: bytes in, whole requests out to a thread, answers back.

The loop thread reads, closes and watches deadlines; a worker thread runs the application for the
one request in service. What both touch is guarded by ``_lock``; only the loop closes the socket.
"""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from typing import TYPE_CHECKING, Protocol

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]

from djangalytics_server.front import limits as refusals
from djangalytics_server.front.limits import Limits, Refusal
from djangalytics_server.front.task import Take, Task

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("djangalytics_server.front")

READ_BYTES = 65536
HIGH_WATER = 1024 * 1024
"""Unsent bytes at which the application waits for its reader."""
LINGER_SECONDS = 1.0
"""How long an answered connection is read after our side ended, lest a reset eat the answer."""


class Host(Protocol):
    """What a connection needs of the loop it lives in."""

    adj: Adjustments
    application: WSGIApplication
    limits: Limits
    draining: bool
    partial_ends: float
    effective_port: int
    server_name: str

    def submit(self, connection: Connection) -> bool:
        """Queue the connection's request for a thread; False when too many wait."""

    def poke(self, connection: Connection) -> None:
        """Ask the loop, from any thread, to look at the connection."""


class Gone(Exception):
    """The client left before its answer was written."""


class Connection:
    """One accepted socket. ``readable`` and ``writable`` tell the loop what to watch."""

    def __init__(self, host: Host, sock: socket.socket, address: tuple[str, int]) -> None:
        # Waitress's task reads its surroundings from attributes of these names.
        self.server = host
        self.adj = host.adj
        self.addr = address
        self.sock = sock
        self.number = sock.fileno()
        self.quiet_since = time.monotonic()
        self.deadline = self.quiet_since + host.limits.request_seconds
        self.serving = False
        self.closed = False
        self.take: Take | None = None
        self._released = False
        self._parser: HTTPRequestParser | None = None
        self._ready: HTTPRequestParser | None = None
        self._unread = b""
        self._half_closed = False
        self._ending = False
        self._lingering = False
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._stalled = False
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)

    # What the loop asks.

    @property
    def readable(self) -> bool:
        """Whether more input is wanted; pipelined bytes wait until the request is answered."""
        return (not self._half_closed and not self._unread and not self._ending) or self._lingering

    @property
    def writable(self) -> bool:
        """Whether output waits for the client."""
        return self._stalled

    @property
    def started(self) -> bool:
        """Whether a request is being received, served or answered."""
        return self.serving or self._parser is not None or self._out_bytes > 0

    @property
    def last_request(self) -> bool:
        """Whether the answer in the making ends the connection because the server is stopping."""
        return self.server.draining and not self._unread

    # The loop's side.

    def on_readable(self) -> None:
        """Take what has arrived."""
        try:
            data = self.sock.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        if self._lingering:
            if not data:
                self.close()
            return
        with self._lock:
            if not data:
                self._half_closed = True
            if self.serving:
                self._unread += data
                return
        if data:
            self._parse(data)
        elif self._out_bytes:
            self._ending = True
        else:
            self.close()

    def on_writable(self) -> None:
        """Send what waits, then go on with what the connection was waiting to do."""
        with self._lock:
            self._flush()
        self.proceed()

    def proceed(self) -> None:
        """Do what became possible: hand over, end, or go on with pipelined input."""
        if self.closed or self.serving or self._out_bytes:
            return
        if self._ending:
            self._linger()
        elif self._unread and self.take is None:
            data, self._unread = self._unread, b""
            self._parse(data)
        elif self._half_closed:
            self.close()

    def expire(self) -> None:
        """End a connection whose deadline has passed."""
        if self._parser is not None and not self._out_bytes and not self._ending:
            self.refuse(refusals.SHUTTING_DOWN if self.server.draining else refusals.TOO_SLOW)
        else:
            self.close()

    def finish_politely(self) -> None:
        """End a connection on which nothing is going on."""
        self._ending = True
        self.proceed()

    def refuse(self, refusal: Refusal) -> None:
        """Answer from the loop itself and end the connection; nothing may be in service."""
        log.debug("%s answered %d %s", self.addr[0], refusal.status, refusal.code)
        parser, self._parser = self._parser, None
        head_only = parser is not None and getattr(parser, "command", "") == "HEAD"
        if parser is not None:
            parser.close()
        with self._lock:
            self._push(refusal.response(head_only))
            self._ending = True
            self._flush()
        self.proceed()

    def release(self) -> bytes:
        """Give the socket up to the request that asked for it; return bytes already received."""
        self.closed = self._released = True
        return self._unread

    def close(self) -> None:
        """Let go of whoever waits to write; the loop closes the socket when it has unwatched it."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            self._out.clear()
            self._out_bytes, self._stalled = 0, False
            self._room.notify_all()
        if self._parser is not None:
            self._parser.close()

    def finish_closing(self) -> None:
        """Close the socket, unless it has another owner by now."""
        if not self._released:
            self.sock.close()

    def _linger(self) -> None:
        """End our side, and read the other out for a moment."""
        if self._lingering:
            return
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()
            return
        if self._half_closed:
            self.close()
        self._lingering = True
        self.deadline = time.monotonic() + LINGER_SECONDS

    def _parse(self, data: bytes) -> None:
        while data and not self.serving:
            parser = self._parser
            if parser is None:
                parser = self._parser = HTTPRequestParser(self.adj)
                self.deadline = min(
                    time.monotonic() + self.server.limits.request_seconds, self.server.partial_ends
                )
            try:
                taken = parser.received(data)
            except ValueError:
                # Waitress lets some malformed URLs and lengths through to int() and urlsplit().
                self.refuse(refusals.MALFORMED)
                return
            data = data[taken:]
            refusal = _refusal(parser)
            if refusal is not None:
                self.refuse(refusal)
                return
            if parser.completed:
                self._parser = None
                if not parser.empty:
                    self._serve(parser, data)
                    return
            elif parser.expect_continue and parser.headers_finished:
                parser.expect_continue = False
                with self._lock:
                    self._push(b"HTTP/1.1 100 Continue\r\n\r\n")
                    self._flush()

    def _serve(self, parser: HTTPRequestParser, rest: bytes) -> None:
        self._ready = parser
        self._unread = rest
        self.deadline = math.inf
        self.serving = True
        if not self.server.submit(self):
            self.serving = False
            parser.close()
            self.refuse(refusals.OVERLOADED)

    # The worker thread's side.

    def service(self) -> None:
        """Run the application for the request in service and send its answer."""
        parser = self._ready
        assert parser is not None
        self._ready = None
        task = Task(self, parser)
        started = time.monotonic()
        keep = False
        try:
            task.service()
            keep = not task.close_on_finish
        except Gone:
            log.debug("%s left before its answer", self.addr[0])
        except Exception as error:
            log.error("%s %s failed: %r", parser.command, parser.path, error)
            log.debug("the failure in full", exc_info=True)
            if not task.wrote_header:
                with self._lock:
                    self._push(refusals.INTERNAL.response(parser.command == "HEAD"))
        finally:
            parser.close()
        if log.isEnabledFor(logging.DEBUG):
            spent = (time.monotonic() - started) * 1000
            log.debug(
                "%s %s %s %s %.0f ms",
                self.addr[0],
                parser.command,
                parser.path,
                task.status[:3],
                spent,
            )
        self._finish(keep)

    def _finish(self, keep: bool) -> None:
        limits = self.server.limits
        with self._lock:
            self._ending = not keep
            self._flush()
            waiting = limits.request_seconds if self._out_bytes else limits.idle_seconds
            self.quiet_since = time.monotonic()
            self.deadline = self.quiet_since + waiting
            self.serving = False
            quiet = not (
                self._ending
                or self._out_bytes
                or self._unread
                or self._half_closed
                or self.take is not None
                or self.server.draining
            )
        if not quiet:
            self.server.poke(self)

    def write_soon(self, data: bytes) -> int:
        """Queue response bytes (called by Waitress's task)."""
        with self._lock:
            if self.closed:
                raise Gone
            self._push(data)
        return len(data)

    def flush(self) -> None:
        """Send what is queued; wait while the reader lags far behind."""
        with self._lock:
            self._flush()
            stalled = self._stalled
        if stalled:
            self.server.poke(self)
        if self._out_bytes > HIGH_WATER:
            self._wait_for_room()

    def check_client_disconnected(self) -> bool:
        """Whether the client has gone (part of Waitress's environment)."""
        return self.closed

    def _wait_for_room(self) -> None:
        with self._lock:
            while self._out_bytes > HIGH_WATER:
                before = self._out_bytes
                moved = self._room.wait(self.server.limits.request_seconds)
                if self.closed or (not moved and self._out_bytes == before):
                    raise Gone

    def _push(self, data: bytes) -> None:
        if data:
            self._out.append(data)
            self._out_bytes += len(data)

    def _flush(self) -> None:
        """Send without blocking; the caller holds the lock."""
        if not self._out or self.closed:
            return
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        try:
            sent = self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._out, self._out_bytes, self._stalled, self._ending = [], 0, False, True
            self._room.notify_all()
            return
        rest = data[sent:]
        self._out = [rest] if rest else []
        self._out_bytes = len(rest)
        self._stalled = bool(rest)
        if sent:
            self._room.notify_all()
            if rest and not self.serving:
                self.deadline = time.monotonic() + self.server.limits.request_seconds


def _refusal(parser: HTTPRequestParser) -> Refusal | None:
    """Say what is wrong with what the parser has seen so far."""
    if parser.error is not None:
        return {
            413: refusals.BODY_TOO_LARGE,
            431: refusals.HEAD_TOO_LARGE,
            501: refusals.NOT_IMPLEMENTED,
        }.get(parser.error.code, refusals.MALFORMED)
    if not parser.headers_finished or parser.empty:
        return None
    if parser.version != "1.1" and "TRANSFER_ENCODING" in parser.headers:
        return refusals.MALFORMED
    # Two lengths in one request, or no Host, is how requests are smuggled past proxies.
    if parser.chunked and not parser.completed and "CONTENT_LENGTH" in parser.headers:
        return refusals.MALFORMED
    if parser.version == "1.1" and "HOST" not in parser.headers:
        return refusals.MALFORMED
    return None
