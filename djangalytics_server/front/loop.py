"""The loop of one process: accept, read, watch deadlines, drain."""

from __future__ import annotations

import contextlib
import logging
import math
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]

from djangalytics_server.front.connection import Connection
from djangalytics_server.front.heads import Heads
from djangalytics_server.front.limits import Limits
from djangalytics_server.front.quick import Quick
from djangalytics_server.front.task import Take
from djangalytics_server.front.threads import Threads

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("djangalytics_server.front")

SWEEP_SECONDS = 0.5
ACCEPTED_AT_ONCE = 512
"""Connections that one round over the sockets accepts: rounds are long when many are busy, and who
is not accepted is not told to come again either."""
LOOKS = 3
"""How often a round looks over the sockets, as long as it finds something: what has come meanwhile
is written together with the rest. It waits for nobody."""
LAST_WORD_SECONDS = 0.5
"""How long a draining server keeps quiet connections, for a request that is on its way."""
CLOSING_SHARE = 0.8
"""The part of the grace that requests get; the application's own closing has the rest."""


class Loop:
    """Serves `application` on `listeners` until ``drain`` is called and done."""

    def __init__(
        self,
        application: WSGIApplication,
        listeners: Sequence[socket.socket],
        threads: int,
        limits: Limits,
    ) -> None:
        self.application = application
        self.limits = limits
        self.quick: Quick | None = getattr(application, "quick", None)
        self.heads = Heads()
        self.draining = False
        self.server_name, self.effective_port = _name(listeners[0])
        self.adj = Adjustments(
            sockets=[],
            ident="",
            max_request_header_size=limits.header_bytes,
            max_request_body_size=limits.body_bytes + 1,
            inbuf_overflow=256 * 1024,
        )
        self._listeners = list(listeners)
        self._accepting = False
        self._connections: dict[int, Connection] = {}
        self._watched: dict[int, int] = {}
        self._poked: deque[Connection] = deque()
        self.partial_ends = self._drain_ends = self._drain_began = math.inf
        self._round_began = math.inf
        self._selector = selectors.DefaultSelector()
        self._waker, self._wake = socket.socketpair()
        self._threads = Threads(threads)

    @property
    def late(self) -> bool:
        """Whether this round over the sockets has lasted so long that the rest is refused."""
        return time.monotonic() - self._round_began > self.limits.late_seconds

    # Called from any thread.

    @property
    def refusing(self) -> bool:
        """Whether a request that came now would find no thread in time."""
        waiting = self._threads.waiting
        slow = self._threads.waited > self.limits.late_seconds
        return waiting >= self.limits.waiting or (waiting > 0 and slow)

    def submit(self, connection: Connection) -> bool:
        """Queue the connection's request for a thread; False when too many wait."""
        if self.refusing:
            return False
        self._threads.put(connection.service)
        return True

    def poke(self, connection: Connection) -> None:
        """Have the loop look at the connection soon."""
        self._poked.append(connection)
        self.wake()

    def wake(self) -> None:
        """Interrupt the loop's waiting; safe in a signal handler."""
        try:
            self._wake.send(b"\0")
        except OSError:
            return  # the pipe is full, so the loop will wake anyway; or it has ended

    # The loop thread.

    def watch(self, file: socket.socket, callback: Callable[[], None]) -> None:
        """Call `callback` in the loop whenever `file` is readable."""
        self._selector.register(file, selectors.EVENT_READ, callback)

    def unwatch(self, file: socket.socket) -> None:
        """Undo ``watch``."""
        self._selector.unregister(file)

    def run(
        self, asked: Callable[[], bool], begin: Callable[[], None], graceful_seconds: float
    ) -> bool:
        """Serve until `asked` to stop, then `begin` and drain; say whether all was answered."""
        self._waker.setblocking(False)
        self._wake.setblocking(False)
        self.watch(self._waker, self._awake)
        self._threads.start()
        self._accept_enabled(True)
        next_sweep = 0.0
        while not self.draining or (self._connections and time.monotonic() < self._drain_ends):
            ready = self._selector.select(0.05 if self.draining else SWEEP_SECONDS)
            self._round_began = time.monotonic()
            for _ in range(LOOKS):
                self._serve(ready)
                ready = self._selector.select(0) if ready else ready
                if not ready:
                    break
            self._look_at_poked()
            if asked() and not self.draining:
                begin()
                self._drain(graceful_seconds)
            if self.draining or time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + SWEEP_SECONDS
                self._sweep()
            if self.quick is not None:
                self.quick.settle()
        return self._end()

    def _serve(self, ready: Sequence[tuple[selectors.SelectorKey, int]]) -> None:
        for key, events in ready:
            if isinstance(key.data, Connection):
                self._touch(key.data, events)
            else:
                key.data()

    def _touch(self, connection: Connection, events: int) -> None:
        if events & selectors.EVENT_READ:
            self._do(connection, connection.on_readable)
        if events & selectors.EVENT_WRITE and not connection.closed:
            self._do(connection, connection.on_writable)

    def _look_at_poked(self) -> None:
        while self._poked:
            connection = self._poked.popleft()
            if connection.take is not None and not connection.serving:
                self._hand_over(connection)
            elif not connection.closed:
                self._do(
                    connection,
                    connection.on_writable if connection.writable else connection.proceed,
                )

    def _do(self, connection: Connection, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:
            # One connection's bad luck must not end the others'.
            log.exception("a connection from %s failed", connection.addr[0])
            connection.close()
        self._settle(connection)

    def _settle(self, connection: Connection) -> None:
        """Watch the connection for what it now wants, or forget it."""
        number = connection.number
        if connection.closed:
            self._forget(connection)
            return
        wanted = selectors.EVENT_READ if connection.readable else 0
        if connection.writable:
            wanted |= selectors.EVENT_WRITE
        watched = self._watched[number]
        if wanted == watched:
            return
        if not watched:
            self._selector.register(connection.sock, wanted, connection)
        elif wanted:
            self._selector.modify(connection.sock, wanted, connection)
        else:
            self._selector.unregister(connection.sock)
        self._watched[number] = wanted

    def _forget(self, connection: Connection) -> None:
        number = connection.number
        if self._connections.get(number) is not connection:
            return  # forgotten before, and another may have the number by now
        del self._connections[number]
        if self._watched.pop(number):
            self._selector.unregister(number)
        connection.dispose()

    def _hand_over(self, connection: Connection) -> None:
        take, connection.take = connection.take, None
        if connection.closed or take is None:
            return
        early = connection.release()
        self._forget(connection)
        self._threads.put(partial(_give, take, connection.sock, early))

    def _accept_some(self, listener: socket.socket) -> None:
        """Accept what waits, as far as those who are connected already need not wait for it."""
        for _ in range(ACCEPTED_AT_ONCE):
            if not self._accepting or not self._accept(listener):
                return

    def _accept(self, listener: socket.socket) -> bool:
        """Accept one connection; False when none waits."""
        try:
            sock, address = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            # Mostly too many open files; the next sweep tries again.
            log.warning("cannot accept a connection: %s", error.strerror)
            self._accept_enabled(False)
            return False
        sock.setblocking(False)
        with contextlib.suppress(OSError):  # it may have gone already
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, sock, address)
        self._connections[connection.number] = connection
        self._watched[connection.number] = 0
        self._settle(connection)
        if len(self._connections) >= self.limits.connections:
            self._accept_enabled(False)
        return True

    def _accept_enabled(self, enabled: bool) -> None:
        if enabled == self._accepting:
            return
        self._accepting = enabled
        for listener in self._listeners:
            if enabled:
                listener.setblocking(False)
                self._selector.register(
                    listener, selectors.EVENT_READ, lambda one=listener: self._accept_some(one)
                )
            else:
                self._selector.unregister(listener)

    def _awake(self) -> None:
        try:
            self._waker.recv(4096)
        except BlockingIOError:
            return

    def _sweep(self) -> None:
        """Expire what is past its deadline; accept again when there is room."""
        now = time.monotonic()
        quiet_before = now - LAST_WORD_SECONDS
        for connection in list(self._connections.values()):
            if connection.deadline <= now:
                self._do(connection, connection.expire)
            elif (
                self._drain_began <= quiet_before
                and connection.quiet_since <= quiet_before
                and connection.quiet
            ):
                self._do(connection, connection.finish_politely)
        if not self.draining and len(self._connections) < self.limits.connections:
            self._accept_enabled(True)

    # The end.

    def _drain(self, graceful_seconds: float) -> None:
        """Take what has already been accepted by the kernel, then stop listening."""
        self.draining = True
        now = time.monotonic()
        self._drain_ends = now + graceful_seconds * CLOSING_SHARE
        self._drain_began = now
        self.partial_ends = now + graceful_seconds / 2
        self._accept_enabled(False)
        for listener in self._listeners:
            while self._accept(listener):
                pass
            listener.close()
        for connection in self._connections.values():
            if connection.receiving:
                connection.deadline = min(connection.deadline, self.partial_ends)
        log.info("stopping: %d connections open", len(self._connections))

    def _end(self) -> bool:
        unanswered = sum(one.serving or one.writable for one in self._connections.values())
        if unanswered:
            log.error("stopped with %d requests unanswered", unanswered)
        for connection in list(self._connections.values()):
            connection.close()
            self._forget(connection)
        self._threads.stop(wait=0.0 if unanswered else 1.0)
        self._selector.close()
        self._waker.close()
        self._wake.close()
        return not unanswered


def _give(take: Take, sock: socket.socket, early: bytes) -> None:
    try:
        take(sock, early)
    except BaseException:
        sock.close()
        raise


def _name(listener: socket.socket) -> tuple[str, int]:
    if listener.family in (socket.AF_INET, socket.AF_INET6):
        host, port = listener.getsockname()[:2]
        return host, port
    return "localhost", 0
