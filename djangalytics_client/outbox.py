"""A queue bounded in events and bytes, and the one thread that empties it.

The caller's side takes a re-entrant lock for a few assignments and nothing else; the network is
the worker's alone. After a fork the child starts with an empty queue and a worker of its own; the
parent keeps what it had. Everything that is not queued is counted by reason.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import weakref
from collections import deque

from djangalytics_client.delivery import Delivery, Voice, log
from djangalytics_client.events import Event
from djangalytics_client.settings import Settings
from djangalytics_client.stats import Stats, Tally
from djangalytics_client.transport import Transport
from djangalytics_client.world import Thread, World

_Bell = queue.SimpleQueue[None]
"""Rung to wake a waiter. Unlike threading.Event, ringing is safe inside a signal handler."""

_JOIN_GRACE = 0.2


class Outbox:
    """Takes events, sends them in the background, and knows where each of them is."""

    def __init__(self, transport: Transport, settings: Settings, world: World) -> None:
        self._transport = transport
        self._settings = settings
        self._world = world
        self._closed: str | None = None  # the reason why no more events are taken
        self.voice = Voice()
        self._begin()
        _outboxes.add(self)

    def _begin(self) -> None:
        """The state of a process that has queued nothing yet."""
        self._pid = os.getpid()
        self._tally = Tally()
        self._queue: deque[Event] = deque()
        self._delivery = Delivery(
            self._queue, self._tally, self._transport, self._settings, self._world, self.voice
        )
        self._stepping = threading.Lock()  # held by whoever drives the delivery, also during I/O
        self._thread: Thread | None = None
        self._worker_ident = 0
        self._worker_bell: _Bell = queue.SimpleQueue()
        self._flush_bells: list[_Bell] = []
        self._urgent_until = 0
        self._abandoned = False

    def put(self, event: Event) -> str | None:
        """Queue one event; None, or why it was not. Never waits for I/O."""
        tally, settings = self._tally, self._settings
        with tally.lock:
            if self._closed is not None:
                tally.refuse(self._closed)
                return self._closed
            if (
                tally.weight + event.weight > settings.queue_bytes
                or tally.admitted - tally.settled >= settings.queue_events
            ):
                tally.refuse("queue_full")
                return "queue_full"
            # Looked up before the append: a signal handler that tracks in between must not make
            # both think that the other one wakes the worker.
            first = not self._queue
            self._queue.append(event)
            tally.tracked += 1
            tally.admitted += 1
            tally.weight += event.weight
            full = len(self._queue) == settings.batch_events
        if first or full or 0 <= tally.weight - settings.batch_bytes < event.weight:
            self._wake()
        return None

    def close(self, reason: str) -> None:
        """Take no more events: count them as lost for this reason."""
        self._closed = self._closed or reason

    def refuse(self, reason: str) -> None:
        """Count an event that was tracked and never came to be queued."""
        self._tally.refuse(reason)

    def stats(self) -> Stats:
        """The counts, all of one moment."""
        if os.getpid() != self._pid:
            self.start_over()
        return self._tally.snapshot()

    def flush(self, timeout: float) -> int:
        """Send what is queued now, waiting up to ``timeout`` seconds -> events of it still unsent.

        Returns early when nothing more can happen in time: the next try lies beyond the timeout.
        """
        if os.getpid() != self._pid:
            self.start_over()
        tally = self._tally
        with tally.lock:
            target = tally.admitted
            self._urgent_until = max(self._urgent_until, target)
        if target - tally.settled <= 0:
            return 0
        if threading.get_ident() == self._worker_ident:
            return target - tally.settled  # a log handler of the host's, inside our own request
        self._delivery.hurry()
        deadline = self._world.monotonic() + max(0.0, timeout)
        if self._start_worker():
            self._wait_for_worker(target, deadline)
        else:
            self._drain_here(target, deadline)
        return max(0, target - tally.settled)

    def shutdown(self, timeout: float) -> int:
        """Take no more events, flush, end the worker -> events given up, counted as lost: shutdown.

        A request that is under way when time is up may still arrive; its events count as lost.
        """
        deadline = self._world.monotonic() + max(0.0, timeout)
        self.close("shutdown")
        self.flush(timeout)
        left = self._tally.abandon("shutdown")
        self._abandoned = True
        thread, self._thread = self._thread, None
        if thread is not None:
            self._worker_bell.put(None)
            if threading.get_ident() != self._worker_ident:
                thread.join(max(deadline - self._world.monotonic(), _JOIN_GRACE))
        else:
            self._end()
        return left

    def start_over(self) -> None:
        """In a forked child: leave the parent's events, thread and connections to the parent."""
        self._transport.forget()
        self._begin()

    def _wake(self) -> None:
        if self._start_worker():
            self._worker_bell.put(None)

    def _start_worker(self) -> bool:
        """Whether a worker runs; starts it if need be. At the interpreter's end none can."""
        if self._has_worker():
            return True
        with self._tally.lock:
            if self._has_worker():
                return True
            thread = self._thread = self._world.thread(self._work)
        try:
            thread.start()
        except RuntimeError:
            self._thread = None
            return False
        return True

    def _has_worker(self) -> bool:
        return self._thread is not None

    def _work(self) -> None:
        """The worker: step, tell who waits, sleep until the next step or the bell."""
        bell = self._worker_bell
        self._worker_ident = threading.get_ident()
        while True:
            delay = self._step()
            for waiting in tuple(self._flush_bells):
                waiting.put(None)
            if delay is None and self._closed:
                break
            try:
                bell.get(timeout=delay)
                while True:
                    bell.get_nowait()
            except queue.Empty:
                pass
        self._end()

    def _end(self) -> None:
        self._queue.clear()
        self._transport.close()

    def _step(self) -> float | None:
        with self._stepping:
            if self._abandoned:
                return None
            try:
                return self._delivery.step(urgent=self._tally.settled < self._urgent_until)
            except Exception:  # noqa: BLE001 - the worker outlives a fault of ours, and says so
                log.exception("A fault in the analytics client")
                return 1.0

    def _wait_for_worker(self, target: int, deadline: float) -> None:
        bell: _Bell = queue.SimpleQueue()
        self._flush_bells.append(bell)
        self._worker_bell.put(None)
        try:
            while self._tally.settled < target and self._delivery.due <= deadline:
                left = deadline - self._world.monotonic()
                if left <= 0:
                    break
                bell.get(timeout=left)
        except queue.Empty:
            pass
        finally:
            self._flush_bells.remove(bell)

    def _drain_here(self, target: int, deadline: float) -> None:
        """Flush in the caller's thread, where no worker can be started."""
        while self._tally.settled < target:
            delay = self._step() or 0.0
            now = self._world.monotonic()
            if now + delay > deadline or now >= deadline:
                break
            if delay:
                self._world.sleep(delay)


_outboxes: weakref.WeakSet[Outbox] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for outbox in tuple(_outboxes):
        outbox.start_over()


def _at_exit() -> None:
    """Send what is left, each client within its own exit_timeout, and tell what could not be."""
    for outbox in tuple(_outboxes):
        left = outbox.shutdown(outbox._settings.exit_timeout)
        if left:
            log.warning("%d events could not be delivered before exit", left)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
