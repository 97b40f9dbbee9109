"""What was tracked waits here, in memory or in the spool, until the worker has sent it.

The caller's side takes no lock and does no I/O; files and network are the worker's. After a fork
the child starts with nothing queued and a worker of its own; the parent keeps what it had.
Everything that is not queued is counted by reason.
"""

from __future__ import annotations

import atexit
import itertools
import os
import sys
import threading
import weakref
from pathlib import Path

from djangalytics_client.backlog import Memory
from djangalytics_client.delivery import Delivery
from djangalytics_client.hosts import watch_ends
from djangalytics_client.producer import Producer, this_process
from djangalytics_client.settings import Settings
from djangalytics_client.spool import Spool
from djangalytics_client.stats import DROPPED, Stats, Tally
from djangalytics_client.transport import Transport
from djangalytics_client.voice import Voice, log
from djangalytics_client.worker import Worker
from djangalytics_client.world import World


class Outbox:
    """Takes events, sends them in the background, and knows where each of them is."""

    def __init__(
        self,
        transport: Transport,
        settings: Settings,
        world: World,
        voice: Voice,
        spool_folder: Path | None = None,
    ) -> None:
        """With a folder for it, events wait in a disk spool; else in memory."""
        self._transport = transport
        self._settings = settings
        self._world = world
        self._spool_folder = spool_folder
        self._closed: str | None = None  # the reason why no more events are taken
        self._exit_by = 0.0
        self._late_in: int | None = None  # the thread of the exit handlers, once ours has run
        self.voice = voice
        self._begin()
        _outboxes.add(self)

    def _begin(self) -> None:
        """The state of a process that has queued nothing yet."""
        settings, world = self._settings, self._world
        self._pid = os.getpid()
        self._producer: Producer | None = None
        self._numbers = itertools.count(1)
        self._tally = Tally()
        most = (settings.queue_events, settings.queue_bytes)
        self._memory = Memory(self._this_producer, self._numbers, most)
        self._delivery = Delivery(self._tally, self._transport, settings, world, self.voice)
        self._delivery.own.append(self._memory)
        self._worker = Worker(self._delivery, self._memory, self._tally, world, self.voice)
        self._spool: Spool | None = None
        self._spool_is_open = self._spool_folder is None
        self._opening = threading.RLock()
        self._is_opening = False

    def put(self, event: bytes) -> str | None:
        """Queue one event, as JSON; None, or why it was not. Waits for nothing, except that the
        first event of a process opens its spool."""
        if self._closed is not None:
            if self._late_in == threading.get_ident() and not sys.is_finalizing():
                return self._put_late(event)
            self._tally.refuse(self._closed)
            return self._closed
        if not self._spool_is_open:
            self._open_spool()
        spool, worker, admit = self._spool, self._worker, self._tally.admit
        spooled = spool is not None and spool.append(event, admit)
        if not spooled and not self._memory.put(event, admit):
            self._tally.refuse("queue_full")
            return "queue_full"
        if worker.idle or (worker.lingering and self._delivery.batch_is_full()):
            worker.wake()
        if spool is not None and spool.wanting:
            spool.wanting = False
            worker.make_room()
        return None

    def close(self, reason: str) -> None:
        """Take no more events: count them as lost for this reason."""
        self._closed = self._closed or reason

    def retire(self) -> None:
        """The client was collected: send what is queued, then let go of threads and files."""
        self.close("shutdown")
        if not self._worker.retire():
            self.voice.end(0.0)
            if self._tally.admitted > self._tally.settled:
                _unsent.append(self)

    def refuse(self, reason: str) -> None:
        """Count an event that was tracked and never came to be queued."""
        self._tally.refuse(reason)

    def withhold(self, reason: str) -> None:
        """Count an event that was tracked and left out on purpose."""
        self._tally.refuse(f"{DROPPED}{reason}")

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
        target = self._tally.admitted
        if self._worker.is_current_thread():  # a log handler of the host's, inside our own request
            return max(0, target - self._tally.settled)
        if not self._spool_is_open and not self._closed:
            self._open_spool()
        self._worker.adopt()
        self._worker.flush(target, timeout)
        return max(0, target - self._tally.settled)

    def shutdown(self, timeout: float) -> int:
        """Take no more events, flush, end the worker -> events given up, counted as lost: shutdown.

        With a spool what is left stays there instead. A request that is under way when time is up
        may still arrive all the same.
        """
        deadline = self._world.monotonic() + max(0.0, timeout)
        self.close("shutdown")
        self.flush(timeout)
        return self._end(deadline)

    def exit(self) -> int:
        """At the interpreter's end: ``shutdown()`` within exit_timeout -> events given up."""
        self._exit_by = self._world.monotonic() + self._settings.exit_timeout
        lost = self.shutdown(self._settings.exit_timeout)
        self._late_in = threading.get_ident()
        return lost

    def _put_late(self, event: bytes) -> str | None:
        """An exit handler that runs after ours tracks: send its event here and now, in what is left
        of exit_timeout, and leave it in the spool when nothing is. Counts begin anew."""
        self._begin()
        late_in, self._late_in, self._closed = self._late_in, None, None
        reason = self.put(event)
        self.close("shutdown")
        left = self._exit_by - self._world.monotonic()
        if left > 0:
            self.flush(left)
        lost = self._end(self._exit_by)
        self._late_in = late_in
        return reason or ("shutdown" if lost else None)

    def _end(self, deadline: float) -> int:
        worker = self._worker
        worker.closing = worker.abandoned = True
        lost = self._tally.abandon("shutdown", self._spool_the_rest())
        if lost and self._spool is None and self.voice.listens:
            self.voice.lost("shutdown", self._memory.held(lost))
        if worker.end(deadline):
            worker.finish()
        self.voice.end()
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
        """Open the spool of this process; without one it is the memory that events wait in.

        Threads that come meanwhile wait, for a fraction of a millisecond as a rule: what they
        track is on disk too when they go on.
        """
        with self._opening:
            if self._spool_is_open or self._is_opening:
                return  # the latter: a signal handler over this very method makes do with memory
            self._is_opening = True
            try:
                self._make_spool()
            finally:
                self._spool_is_open = True

    def _make_spool(self) -> None:
        folder, settings = self._spool_folder, self._settings
        assert folder is not None
        try:
            spool = Spool(
                folder,
                self._this_producer(),
                self._numbers,
                settings.spool_bytes,
                self._found_damage,
            )
        except (OSError, ImportError) as error:
            self.voice.once("spool", "No spool, events wait in memory alone: %s", error)
            return
        # After the memory: events are moved from there to here while the delivery looks.
        self._delivery.own.append(spool.journal)
        self._spool = self._worker.spool = spool

    def _found_damage(self, events: int) -> None:
        self._tally.damaged(events)
        self.voice.once("damaged", "%d events in the spool are damaged and lost", events)

    def _spool_the_rest(self) -> int:
        """At the end: move what waits in memory to the spool -> events that are there."""
        spool, left = self._spool, self._tally.admitted - self._tally.settled
        if spool is None or not left:
            return 0
        waiting = self._memory.empty()
        now = self._world.monotonic()
        lost = [event for number, event in waiting if not spool.keep(number, event, now)]
        self.voice.lost("shutdown", lost)
        return left - len(lost)


_outboxes: weakref.WeakSet[Outbox] = weakref.WeakSet()
_unsent: list[Outbox] = []
"""Those without a client or a thread: their events are sent at exit."""


def _after_fork_in_child() -> None:
    for outbox in tuple(_outboxes):
        outbox.start_over()
    watch_ends(_at_exit)


def _at_exit() -> None:
    """Send what is left, each client within its own exit_timeout, and tell what could not be."""
    for outbox in tuple(_outboxes):
        if outbox._worker.abandoned:
            continue  # it was shut down before, and said so
        left = outbox.exit()
        if left:
            log.warning("%d events could not be delivered before exit", left)
        if spooled := outbox.stats().spooled:
            log.warning("%d events wait in the spool for the next process", spooled)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
watch_ends(_at_exit)
