"""The thread that sends, and the one that helps it out while it waits for an answer.

Neither is started before there is something to do. Where no thread can be started, at the
interpreter's end, the caller of ``flush`` does the same steps.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from djangalytics_client.backlog import Memory
from djangalytics_client.delivery import Delivery
from djangalytics_client.hosts import ready_gevent
from djangalytics_client.spool import Spool
from djangalytics_client.stats import Tally
from djangalytics_client.voice import Voice, log
from djangalytics_client.world import Thread, World

_Bell = queue.SimpleQueue[None]
"""Rung to wake a waiter. Unlike threading.Event, ringing is safe inside a signal handler."""

_JOIN_GRACE = 0.2
_MOVED_AT_ONCE = 1000
_ADOPTING_TAKES = 1.0
_ADOPT_EVERY = 60.0
"""Seconds between two looks for what other processes left in the spool."""


class Worker:
    """Drives the delivery of one outbox in one process."""

    def __init__(
        self, delivery: Delivery, memory: Memory, tally: Tally, world: World, voice: Voice
    ) -> None:
        self._delivery = delivery
        self._memory = memory
        self._tally = tally
        self._world = world
        self._voice = voice
        self.spool: Spool | None = None
        self.idle = True
        """Whether it is to be woken by the next event."""
        self.lingering = False
        """Whether it is to be woken by a full batch."""
        self.closing = False
        self.abandoned = False
        self._stepping = threading.Lock()  # held by whoever drives the delivery, also during I/O
        self._starting = threading.RLock()
        self._adopting = threading.Lock()
        self._thread: Thread | None = None
        self._keeper: Thread | None = None
        self._ident = 0
        self._new_bell: Callable[[], _Bell] = queue.SimpleQueue
        self._bell: _Bell = self._new_bell()
        self._keeper_bell: _Bell = self._new_bell()
        self._flush_bells: list[_Bell] = []
        self._urgent_until = 0
        self._adopted_at = -math.inf

    def wake(self) -> None:
        """Look for something to do, now."""
        self.idle = self.lingering = False
        if self._start():
            self._bell.put(None)
        else:
            self.idle = True  # the next event tries again

    def retire(self) -> bool:
        """Send what is left and end -> whether there is a thread that does."""
        self.closing = True
        self._bell.put(None)
        self._keeper_bell.put(None)
        return self._thread is not None

    def is_current_thread(self) -> bool:
        """Whether the caller is this worker itself."""
        return threading.get_ident() == self._ident

    def flush(self, target: int, timeout: float) -> None:
        """Have the first ``target`` events and all orphans sent; wait so many seconds at most."""
        self._urgent_until = max(self._urgent_until, target)
        if self._is_done(target):
            return
        self._delivery.hurry()
        deadline = self._world.monotonic() + max(0.0, timeout)
        if self._start():
            self._wait(target, deadline)
        else:
            self._drain_here(target, deadline)

    def end(self, deadline: float) -> bool:
        """Stop the threads -> whether no thread is left to do what comes last."""
        thread, self._thread = self._thread, None
        keeper, self._keeper = self._keeper, None
        self._bell.put(None)
        self._keeper_bell.put(None)
        if not self.is_current_thread():
            for ending in (thread, keeper):
                if ending is not None:
                    ending.join(max(deadline - self._world.monotonic(), _JOIN_GRACE))
        return thread is None

    def adopt(self) -> None:
        """Look for what earlier processes left in the spool; wait for another thread that does."""
        # Not for ever: this may be a signal handler over that very thread.
        if self.spool is not None and self._adopting.acquire(timeout=_ADOPTING_TAKES):
            try:
                self._adopted_at = self._world.monotonic()
                self._delivery.orphans.extend(self.spool.adopt())
            finally:
                self._adopting.release()

    def make_room(self) -> None:
        """Have the spool's next segment made: by the worker, or beside it while it is busy."""
        if not self._stepping.locked():
            self.wake()
            return
        with self._starting:
            new = None
            if self._keeper is None:
                self._keeper_bell = queue.SimpleQueue()
                new = self._keeper = self._world.thread(self._keep)
        if new is not None and not _started(new):
            self._keeper = None
        self._keeper_bell.put(None)

    def step(self) -> float | None:
        """Do what is to be done now: seconds until there may be more; None when nothing waits."""
        with self._stepping:
            if self.abandoned:
                return None
            try:
                ready_gevent()
                self._tidy()
                if self._world.monotonic() - self._adopted_at >= _ADOPT_EVERY:
                    self.adopt()
                return self._delivery.step(urgent=self._tally.settled < self._urgent_until)
            except Exception:  # noqa: BLE001 - the worker outlives a fault of ours, and says so
                log.exception("A fault in the analytics client")
                return 1.0

    def _start(self) -> bool:
        """Whether the thread runs; starts it if need be. At the interpreter's end none can."""
        with self._starting:
            if self._thread is not None:
                return True
            # Made with the thread, not before: a worker of Gunicorn's puts gevent in the place of
            # both after its fork, and a bell of the old kind would stop every greenlet.
            self._new_bell = queue.SimpleQueue
            self._bell = self._new_bell()
            # Known before it is started: a signal handler may come here in between.
            thread = self._thread = self._world.thread(self._work)
        if _started(thread):
            self._voice.ready()
            return True
        self._thread = None
        return False

    def _work(self) -> None:
        """The thread: step, tell who waits, sleep until the next step or the bell."""
        self._ident = threading.get_ident()
        while True:
            delay = self.step()
            for waiting in tuple(self._flush_bells):
                waiting.put(None)
            if delay is None and self.closing:
                break
            if delay != 0:
                self._sleep(delay)
        self.finish()

    def _sleep(self, delay: float | None) -> None:
        self.idle, self.lingering = delay is None, self._delivery.lingering
        # Whoever came just before could not see that he was to wake us.
        if not (self.idle and self._delivery.waiting() > 0) and not (
            self.lingering and self._delivery.batch_is_full()
        ):
            if self.spool is not None:
                delay = _ADOPT_EVERY if delay is None else min(delay, _ADOPT_EVERY)
            with suppress(queue.Empty):
                self._bell.get(timeout=delay)
        self.idle = self.lingering = False
        with suppress(queue.Empty):
            while True:
                self._bell.get_nowait()

    def finish(self) -> None:
        """Let go of files and connections."""
        if self.spool is not None:
            self.spool.close(settled=self._tally.left_nothing())
        self._delivery.close()
        self._voice.end()

    def _keep(self) -> None:
        """The keeper: makes segments while the worker is at the network."""
        while not self.closing:
            self._keeper_bell.get()
            self._tidy()

    def _tidy(self) -> None:
        """Keep room ahead in the spool, and move there what had to wait in memory."""
        spool = self.spool
        while spool is not None:
            spool.wanting = False
            try:
                spool.tidy(self._world.monotonic())
            except OSError as error:
                message = "The spool cannot grow, further events wait in memory alone: %s"
                self._voice.once("spool_full", message, error)
                break
            while self._memory.move(spool.append, _MOVED_AT_ONCE):
                pass
            if not spool.wanting:
                break

    def _is_done(self, target: int) -> bool:
        return self._tally.settled >= target and not self._delivery.orphans

    def _wait(self, target: int, deadline: float) -> None:
        bell = self._new_bell()
        self._flush_bells.append(bell)
        self._bell.put(None)
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
            delay = self.step() or 0.0
            now = self._world.monotonic()
            if now + delay > deadline or now >= deadline:
                break
            if delay:
                self._world.sleep(delay)


def _started(thread: Thread) -> bool:
    try:
        thread.start()
    except RuntimeError:
        return False
    return True
