"""What was tracked waits here, in memory or in the spool, and one thread sends it.

The caller's side takes a re-entrant lock for a few assignments and nothing else; the network is
the worker's alone. After a fork the child starts with an empty queue and a worker of its own; the
parent keeps what it had. Everything that is not queued is counted by reason.
"""

from __future__ import annotations

import atexit
import math
import os
import queue
import threading
import weakref
from collections import deque
from pathlib import Path

from djangalytics_client.backlog import Memory
from djangalytics_client.delivery import Delivery, Voice, log
from djangalytics_client.events import Event, as_json, pack, unpacked_json
from djangalytics_client.producer import Producer, this_process
from djangalytics_client.settings import Settings
from djangalytics_client.spool import Spool
from djangalytics_client.stats import Stats, Tally
from djangalytics_client.transport import Transport
from djangalytics_client.world import Thread, World

_Bell = queue.SimpleQueue[None]
"""Rung to wake a waiter. Unlike threading.Event, ringing is safe inside a signal handler."""

_JOIN_GRACE = 0.2
_MOVED_AT_ONCE = 50
"""Events moved while callers wait: some microseconds each."""
_ADOPT_EVERY = 60.0
"""Seconds between two looks for what other processes left in the spool."""


class Outbox:
    """Takes events, sends them in the background, and knows where each of them is."""

    def __init__(
        self,
        transport: Transport,
        settings: Settings,
        world: World,
        spool_folder: Path | None = None,
    ) -> None:
        """With a folder for it, events wait in a disk spool; else in memory."""
        self._transport = transport
        self._settings = settings
        self._world = world
        self._spool_folder = spool_folder
        self._pack = pack if spool_folder is None else as_json
        self._closed: str | None = None  # the reason why no more events are taken
        self.voice = Voice()
        self._begin()
        _outboxes.add(self)

    def _begin(self) -> None:
        """The state of a process that has queued nothing yet."""
        settings = self._settings
        self._pid = os.getpid()
        self._producer: Producer | None = None
        self._tally = Tally()
        self._memory = Memory(
            self._this_producer,
            (settings.queue_events, settings.queue_bytes),
            unpacked_json if self._spool_folder is None else bytes,
        )
        self._spool: Spool | None = None
        self._spool_opened = self._spool_folder is None
        self._delivery = Delivery(self._tally, self._transport, settings, self._world, self.voice)
        self._delivery.own.append(self._memory)
        self._putting = False
        self._interrupting: deque[bytes] = deque()  # put by signal handlers, over another put
        self._stepping = threading.Lock()  # held by whoever drives the delivery, also during I/O
        self._thread: Thread | None = None
        self._keeper: Thread | None = None
        self._worker_ident = 0
        self._worker_bell: _Bell = queue.SimpleQueue()
        self._keeper_bell: _Bell = queue.SimpleQueue()
        self._adopting = threading.Lock()
        self._flush_bells: list[_Bell] = []
        self._urgent_until = 0
        self._adopted_at = -math.inf
        self._abandoned = False

    def put(self, event: Event) -> str | None:
        """Queue one event; None, or why it was not. Waits for no I/O, except that the first event
        of a process opens its spool."""
        return self._put(self._pack(event))

    def _put(self, event: bytes) -> str | None:
        tally = self._tally
        with tally.lock:
            if self._putting:  # we are in a signal handler, over this very function
                self._interrupting.append(event)
                return None
            self._putting = True
            try:
                reason, wake = self._admit(event)
            finally:
                self._putting = False
        while self._interrupting:
            self._put(self._interrupting.popleft())
        if wake:
            self._wake()
        return reason

    def _admit(self, event: bytes) -> tuple[str | None, bool]:
        """Why the event was not queued, and whether the worker is to be woken."""
        tally, settings, size = self._tally, self._settings, len(event)
        if self._closed is not None:
            tally.refuse(self._closed)
            return self._closed, False
        if not self._spool_opened:
            self._open_spool()
        spool, number = self._spool, tally.admitted + 1
        if not (spool is not None and spool.append(number, event)) and not self._memory.put(
            number, event
        ):
            tally.refuse("queue_full")
            return "queue_full", False
        tally.tracked += 1
        tally.weight += size
        tally.admitted = number
        if spool is not None and spool.wanting:
            spool.wanting = False
            self._ask_for_tidying()
        waiting = self._delivery.waiting()
        full = waiting == settings.batch_events
        return None, waiting == 1 or full or 0 <= tally.weight - settings.batch_bytes < size

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

        What earlier processes left in the spool is sent as well. Returns early when nothing more
        can happen in time: the next try lies beyond the timeout.
        """
        if os.getpid() != self._pid:
            self.start_over()
        tally = self._tally
        with tally.lock:
            target = tally.admitted
            self._urgent_until = max(self._urgent_until, target)
        if threading.get_ident() == self._worker_ident:
            return target - tally.settled  # a log handler of the host's, inside our own request
        if self._spool_opened or not self._closed:
            self._adopt()
        if self._is_done(target):
            return 0
        self._delivery.hurry()
        deadline = self._world.monotonic() + max(0.0, timeout)
        if self._start_worker():
            self._wait_for_worker(target, deadline)
        else:
            self._drain_here(target, deadline)
        return max(0, target - tally.settled)

    def _is_done(self, target: int) -> bool:
        return self._tally.settled >= target and not self._delivery.orphans

    def shutdown(self, timeout: float) -> int:
        """Take no more events, flush, end the worker -> events given up, counted as lost: shutdown.

        With a spool what is left stays there instead. A request that is under way when time is up
        may still arrive all the same.
        """
        deadline = self._world.monotonic() + max(0.0, timeout)
        self.close("shutdown")
        self.flush(timeout)
        self._abandoned = True
        lost = self._tally.abandon("shutdown", self._spool_the_rest())
        thread, self._thread = self._thread, None
        self._worker_bell.put(None)
        self._keeper_bell.put(None)
        if threading.get_ident() == self._worker_ident:
            return lost
        keeper, self._keeper = self._keeper, None
        for ending in (thread, keeper):
            if ending is not None:
                ending.join(max(deadline - self._world.monotonic(), _JOIN_GRACE))
        if thread is None:
            self._end()
        return lost

    def start_over(self) -> None:
        """In a forked child: leave the parent's events, thread, files and connections to it."""
        self._transport.forget()
        if self._spool is not None:
            self._spool.forget()
        self._begin()

    def _this_producer(self) -> Producer:
        if self._producer is None:
            world = self._world
            self._producer = this_process(world.sixteen_bytes(), world.time_ns())
        return self._producer

    def _open_spool(self) -> None:
        """Open the spool of this process; without one it is the memory that events wait in."""
        folder, settings = self._spool_folder, self._settings
        assert folder is not None
        try:
            self._spool = Spool(
                folder, self._this_producer(), settings.spool_bytes, self._found_damage
            )
            # After the memory: events are moved from there to here while the delivery looks.
            self._delivery.own.append(self._spool.journal)
        except (OSError, ImportError) as error:
            self.voice.once("spool", "No spool, events wait in memory alone: %s", error)
        self._spool_opened = True

    def _found_damage(self, events: int) -> None:
        self._tally.damaged(events)
        self.voice.once("damaged", "%d events in the spool are damaged and lost", events)

    def _spool_the_rest(self) -> int:
        """At the end: move what waits in memory to the spool -> events that are there."""
        spool, left = self._spool, self._tally.admitted - self._tally.settled
        if spool is None or not left:
            return 0
        waiting = self._memory.empty()
        kept = sum(spool.keep(number, event, self._world.monotonic()) for number, event in waiting)
        return left - len(waiting) + kept

    def _adopt(self) -> None:
        """Look for what earlier processes left in the spool's folder."""
        if not self._adopting.acquire(blocking=False):
            return
        try:
            if not self._spool_opened:
                with self._tally.lock:
                    self._open_spool()
            if self._spool is not None:
                self._adopted_at = self._world.monotonic()
                self._delivery.orphans.extend(self._spool.adopt())
        finally:
            self._adopting.release()

    def _ask_for_tidying(self) -> None:
        """Have the next segment made: by the worker, or beside it while it waits for an answer."""
        if not self._stepping.locked():
            self._worker_bell.put(None)
            return
        if self._keeper is None:
            self._keeper = self._world.thread(self._keep)
            try:
                self._keeper.start()
            except RuntimeError:
                self._keeper = None
        self._keeper_bell.put(None)

    def _keep(self) -> None:
        """The keeper: makes segments while the worker is at the network."""
        while not self._closed:
            self._keeper_bell.get()
            self._tidy()

    def _tidy(self) -> None:
        """Keep room ahead in the spool, and move there what had to wait in memory."""
        spool = self._spool
        while spool is not None:
            spool.wanting = False
            try:
                spool.tidy(self._world.monotonic())
            except OSError as error:
                message = "The spool cannot grow, further events wait in memory alone: %s"
                self.voice.once("spool_full", message, error)
                break
            while self._move_some(spool):
                pass
            if not spool.wanting:
                break

    def _move_some(self, spool: Spool) -> bool:
        with self._tally.lock:
            if self._putting:  # a signal handler flushes over an interrupted put
                return False
            self._putting = True
            try:
                return self._memory.move(spool.append, _MOVED_AT_ONCE)
            finally:
                self._putting = False

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
            if self._spool is not None:
                delay = _ADOPT_EVERY if delay is None else min(delay, _ADOPT_EVERY)
            try:
                bell.get(timeout=delay)
                while True:
                    bell.get_nowait()
            except queue.Empty:
                pass
        self._end()

    def _end(self) -> None:
        if self._spool is not None:
            self._spool.close(settled=self._tally.left_nothing())
        self._transport.close()

    def _step(self) -> float | None:
        with self._stepping:
            if self._abandoned:
                return None
            try:
                self._tidy()
                if self._world.monotonic() - self._adopted_at >= _ADOPT_EVERY:
                    self._adopt()
                return self._delivery.step(urgent=self._tally.settled < self._urgent_until)
            except Exception:  # noqa: BLE001 - the worker outlives a fault of ours, and says so
                log.exception("A fault in the analytics client")
                return 1.0

    def _wait_for_worker(self, target: int, deadline: float) -> None:
        bell: _Bell = queue.SimpleQueue()
        self._flush_bells.append(bell)
        self._worker_bell.put(None)
        try:
            while not self._is_done(target) and self._delivery.due <= deadline:
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
        while not self._is_done(target):
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
        if outbox._abandoned:
            continue  # it was shut down before, and said so
        left = outbox.shutdown(outbox._settings.exit_timeout)
        if left:
            log.warning("%d events could not be delivered before exit", left)
        if spooled := outbox.stats().spooled:
            log.warning("%d events wait in the spool for the next process", spooled)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
