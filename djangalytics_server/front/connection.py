"""One client's connection: bytes in, whole requests out to a thread, answers back.

The loop thread reads, closes and watches deadlines; a worker thread runs the application for the
one request in service. What both touch is guarded by the output's lock; only the loop closes the
socket.
"""

from __future__ import annotations

import logging
import math
import socket
import time
from functools import partial

from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]

from djangalytics_server.front import quick, refusals
from djangalytics_server.front.host import Host
from djangalytics_server.front.incoming import Incoming
from djangalytics_server.front.output import HIGH_WATER, Output
from djangalytics_server.front.refusals import Refusal, judge
from djangalytics_server.front.task import Take, answer

log = logging.getLogger("djangalytics_server.front")

LINGER_SECONDS = 2.0
"""How long an answered connection is read after our side ended, lest a reset eat the answer."""
LAST_LINGER_SECONDS = 0.25
"""The same while the server is stopping."""


class Connection:
    """One accepted socket; ``deadline`` and ``quiet_since`` are on the monotonic clock."""

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
        self._output = Output(sock, host.limits.request_seconds)
        self._incoming = Incoming(host.adj)
        self._request: HTTPRequestParser | None = None
        self._declined = False
        self._unread = b""
        self._released = False
        self._half_closed = False
        self._ending = False
        self._lingering = False

    # What the loop asks.

    @property
    def readable(self) -> bool:
        """Whether more input is wanted; pipelined bytes wait until the request is answered."""
        return self._lingering or not (self._half_closed or self._unread or self._ending)

    @property
    def writable(self) -> bool:
        """Whether output waits for the client."""
        return self._output.stalled

    @property
    def receiving(self) -> bool:
        """Whether a request has begun to arrive and is not complete."""
        return bool(self._incoming)

    @property
    def quiet(self) -> bool:
        """Whether nothing is being received, served or answered."""
        return not (self.serving or self.receiving or self._output.size)

    @property
    def last_request(self) -> bool:
        """Whether the answer in the making ends the connection because the server is stopping."""
        return self.server.draining and not self._unread

    # The loop's side.

    def on_readable(self) -> None:
        """Take what has arrived."""
        try:
            data = self.sock.recv(self._incoming.appetite)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        if self._lingering:
            if not data:
                self.close()
            return
        with self._output.lock:
            self._half_closed = not data
            if self.serving:
                self._unread += data
                return
        if data:
            self._parse(data)
        elif self._output.size:
            self._ending = True
        else:
            self.close()

    def on_writable(self) -> None:
        """Send what waits, then go on with what the connection was waiting to do."""
        with self._output.lock:
            if self._output.flush_locked() and not self.serving:
                self.deadline = time.monotonic() + self.server.limits.request_seconds
        self.proceed()

    def proceed(self) -> None:
        """Do what became possible: end, or go on with pipelined input."""
        if self.closed or self.serving or self._output.size:
            return
        if self._output.broken:
            self.close()
        elif self._ending:
            self._linger()
        elif self._unread:
            data, self._unread = self._unread, b""
            self._parse(data)
        elif self._half_closed:
            self.close()

    def expire(self) -> None:
        """End a connection whose deadline has passed."""
        if self.receiving and not self._output.size:
            self._refuse(refusals.SHUTTING_DOWN if self.server.draining else refusals.TOO_SLOW)
        else:
            self.close()

    def finish_politely(self) -> None:
        """End a connection on which nothing is going on."""
        self._ending = True
        self.proceed()

    def release(self) -> bytes:
        """Give the socket up to the request that asked for it; return bytes already received."""
        self.closed = self._released = True
        return self._unread

    def close(self) -> None:
        """Be over; the loop closes the socket (``dispose``) when it no longer watches it."""
        with self._output.lock:
            self.closed = True
            self._output.break_locked()
        self._incoming.drop()

    def dispose(self) -> None:
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
            self._half_closed = True
        if self._half_closed:
            self.close()
        self._lingering = True
        patience = LAST_LINGER_SECONDS if self.server.draining else LINGER_SECONDS
        self.deadline = time.monotonic() + patience

    def _parse(self, data: bytes) -> None:
        came = b""
        while data and not (self.serving or self._ending):
            if self._incoming.passes_over:
                data = self._pass_over(data)
                continue
            if self._incoming.parser is None:
                if self._answered_at_once(data):
                    return
                came = data
            parser = self._incoming.parser or self._begin()
            try:
                data = data[parser.received(data) :]
                refusal = judge(parser)
            except ValueError:
                # Some malformed URLs and lengths get past Waitress to urlsplit() and int().
                refusal = refusals.MALFORMED
            except OSError as error:
                log.error("cannot keep a request body: %s", error)
                refusal = refusals.NO_ROOM
            if refusal is not None:
                self._refuse(refusal, head_only=getattr(parser, "command", "") == "HEAD")
            elif parser.completed:
                self._incoming.take()
                if not parser.empty:
                    self._remember(came, parser, data)
                    self._hand_in(parser, data)
                    return  # what follows waits in _unread, and may have been answered already
            else:
                self._wait_for_the_rest(parser)

    def _begin(self) -> HTTPRequestParser:
        patience = time.monotonic() + self.server.limits.request_seconds
        self.deadline = min(patience, self.server.partial_ends)
        return self._incoming.begin()

    def _remember(self, came: bytes, parser: HTTPRequestParser, rest: bytes) -> None:
        """Remember the head of a request that came by itself, all at once."""
        taker = self.server.quick
        if not came or rest:
            return
        if taker is not None and quick.is_small(parser) and quick.fits(taker, parser):
            self.server.heads.remember(came, parser, ends=quick.wants_end(parser))

    def _answered_at_once(self, data: bytes) -> bool:
        """Whether this is a whole request with a head that came before, and is taken or refused."""
        self._declined = False
        taker = self.server.quick
        found = None if taker is None else self.server.heads.find(data)
        if taker is None or found is None:
            return False
        head, body = found
        if self.server.late:
            if not head.ends:
                self._send_overloaded()
            return not head.ends
        before, self.deadline = self.deadline, math.inf
        self.serving = True
        reply = partial(self._reply, head.ends, None)
        try:
            if taker.take(head.path, head.headers, body, reply, self.addr[0], gather=True):
                return True
        except Exception:
            log.exception("%s goes the ordinary way", head.path)
        self.deadline, self.serving, self._declined = before, False, True
        return False

    def _wait_for_the_rest(self, parser: HTTPRequestParser) -> None:
        if parser.expect_continue and parser.headers_finished:
            parser.expect_continue = False
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif self._incoming.is_large and self.server.refusing:
            self._incoming.drop_the_rest()

    def _pass_over(self, data: bytes) -> bytes:
        """Receive more of a request that is refused; what follows it."""
        rest = self._incoming.pass_over(data)
        if not self._incoming:
            self._send_overloaded()
        return rest

    def _hand_in(self, parser: HTTPRequestParser, rest: bytes) -> None:
        self._request = parser
        self._unread = rest
        self.deadline = math.inf
        self.serving = True
        late = self.server.late
        if not late and quick.is_small(parser) and not self._declined:
            if self._taken(parser, gather=True):
                return
            self._declined = True
        if late or not self.server.submit(self):
            self.serving = False
            parser.close()
            self._send_overloaded()
            if self._unread:
                self.server.poke(self)

    def _send_overloaded(self) -> None:
        """Refuse a request that has been received, and go on with the connection."""
        self.deadline = time.monotonic() + self.server.limits.idle_seconds
        self.send(refusals.OVERLOADED.response(close=False))

    def _refuse(self, refusal: Refusal, head_only: bool = False) -> None:
        """Answer from the loop itself and end the connection; nothing may be in service."""
        log.debug("%s answered %d %s", self.addr[0], refusal.status, refusal.code)
        self._incoming.drop()
        self._ending = True
        self.deadline = time.monotonic() + self.server.limits.request_seconds
        self.send(refusal.response(head_only=head_only))
        self.proceed()

    def send(self, data: bytes) -> None:
        """Send these bytes, unless the client has gone."""
        with self._output.lock:
            if not self._output.broken:
                self._output.push_locked(data)
                self._output.flush_locked()

    # The worker thread's side.

    def service(self) -> None:
        """Run the application for the request in service and send its answer."""
        request, self._request = self._request, None
        if request is None or (not self._declined and self._taken(request, gather=False)):
            return
        keep = answer(self, request)
        self._finish(keep)

    def _taken(self, request: HTTPRequestParser, *, gather: bool) -> bool:
        """Whether the application took the request, and answers it without a thread waiting."""
        if self.server.quick is None:
            return False
        try:
            reply = partial(self._reply, quick.wants_end(request), request)
            return quick.offer(self.server.quick, request, reply, self.addr[0], gather=gather)
        except Exception:
            log.exception("%s goes the ordinary way", request.path)
            return False

    def _reply(
        self,
        ends: bool,
        request: HTTPRequestParser | None,
        status: str,
        headers: bytes,
        body: bytes,
    ) -> None:
        """Send the answer to a request that was taken; from any thread."""
        close = ends or self.last_request
        with self._output.lock:
            if not self._output.broken:
                self._output.push_locked(quick.head(status, headers, body, close=close) + body)
        if request is not None:
            request.close()
        self._finish(not close)

    def write_soon(self, data: bytes) -> int:
        """Queue response bytes (called by Waitress's task)."""
        with self._output.lock:
            self._output.push_locked(data)
        return len(data)

    def flush(self) -> None:
        """Send what is queued; wait while the reader lags far behind."""
        with self._output.lock:
            self._output.flush_locked()
            stalled = self._output.stalled
        if stalled:
            self.server.poke(self)
        if self._output.size > HIGH_WATER:
            self._output.wait_for_room()

    def check_client_disconnected(self) -> bool:
        """Whether the client has gone (part of Waitress's environment).

        Who has only ended their own side looks the same. They get their answer if there is one:
        only what is worth giving up for somebody who has left asks this.
        """
        return self.closed or self._half_closed

    def _finish(self, keep: bool) -> None:
        limits = self.server.limits
        output = self._output
        with output.lock:
            self._ending = not keep
            output.flush_locked()
            self.quiet_since = time.monotonic()
            patience = limits.request_seconds if output.size else limits.idle_seconds
            self.deadline = self.quiet_since + patience
            self.serving = False
            unfinished = (
                self._ending or output.size or output.broken or self._unread or self._half_closed
            )
        if unfinished or self.take is not None or self.server.draining:
            self.server.poke(self)
