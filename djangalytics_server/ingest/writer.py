"""One transaction at a time: what is waiting is gathered into it and answered after it.

A lone submission is never held back for company: company is what arrived while the previous
transaction was being written, or what somebody gathered who read several requests at once.

A thread of the writer's own does the writing. Of a few events, handing them to another thread and
back costs more than writing them, so whoever brings those writes them, where nobody else is at it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong  # the built-in only since 3.11

from djangalytics_server.errors import (
    DjangalyticsError,
    QueueFull,
    ShuttingDown,
    StoreUnavailable,
)
from djangalytics_server.model.event import Receipt, Submission

Append = Callable[[Sequence[Submission]], list[Receipt]]
AppendNow = Callable[[Sequence[Submission]], "list[Receipt] | None"]
"""Appends as ``Append`` does, or gives None, with nothing done, where somebody else is writing."""
Done = Callable[[Receipt | Exception], None]
"""Is told what became of a submission, in whichever thread wrote it: it must be quick, and not
raise."""
_Waiting = tuple[Submission, Done]

_LONG_SECONDS = 1.0
_FEW = 64
"""Events up to which whoever brings them writes them."""
_SLOW_SECONDS = 0.05
_REST = 10
"""After a write that took longer than the first, nobody but the writer's thread waits for the disk
for so many times as long."""
_PATIENCE_SECONDS = 0.005
"""How long whoever brings a few waits for the end of a write of a few."""
_log = logging.getLogger(__name__)


class Writer:
    """Takes submissions from any thread and appends them by one of its own.

    ``most_events`` and ``most_bytes`` bound what may wait; beyond them ``submit`` raises
    QueueFull and takes nothing of the submission. ``group`` is the number of events after
    which a transaction takes no more. Without ``append_now`` only the thread writes.
    """

    def __init__(
        self,
        append: Append,
        append_now: AppendNow | None = None,
        *,
        most_events: int = 40_000,
        most_bytes: int = 64 * 1024 * 1024,
        group: int = 5_000,
    ) -> None:
        self._append = append
        self._append_now = append_now
        self._turn, self._wanted = threading.Lock(), threading.Lock()
        self._under_way = 0
        self._rest_until = 0.0
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._group = group
        self._waiting: deque[_Waiting] = deque()
        self._events = self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)
        self._thread.start()

    def submit(self, submission: Submission, timeout: float = 60.0) -> Receipt:
        """Return once the submission is committed and synced.

        ``timeout`` is in seconds. Raises Unavailable when nothing of it was stored, or when
        the store did not answer in time (then it may be stored: the same insert ids are safe
        to send again).
        """
        future: Future[Receipt] = Future()

        def done(outcome: Receipt | Exception) -> None:
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self.hand_in(submission, done)
        try:
            return future.result(timeout)
        except TookTooLong as error:
            raise StoreUnavailable(
                "The database is too slow; sending the same events again is safe.", retry_after=5
            ) from error

    def check_room(self, events: int = 1) -> None:
        """Raise QueueFull while so many would not be taken: before a request costs anything.

        Into an empty queue anything goes.
        """
        if not self._waiting:
            return
        if self._events + events > self._most_events or self._bytes >= self._most_bytes:
            raise _full()

    def close(self, timeout: float = 30.0) -> bool:
        """Write what is waiting and stop; False when that took longer than ``timeout`` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def hand_in(self, submission: Submission, done: Done, *, gather: bool = False) -> None:
        """Have the submission written and ``done`` told; raises Unavailable, nothing taken.

        Who has more to bring says ``gather``, and calls ``settle`` when that was all.
        """
        events, size = _weight(submission), submission.size
        with self._changed:
            if self._closing:
                raise ShuttingDown("The server is stopping; send the same again.", retry_after=2)
            over = self._events + events > self._most_events
            if self._waiting and (over or self._bytes + size > self._most_bytes):
                raise _full()
            self._waiting.append((submission, done))
            self._events += events
            self._bytes += size
        if not gather:
            self.settle()

    def settle(self) -> None:
        """Have everything that waits written: here and now if it is little, else by the thread."""
        if not self._waiting:
            return
        few = self._events <= _FEW and time.monotonic() >= self._rest_until
        if few and self._append_now is not None and self._comes_to_turn():
            try:
                self._write_here(self._append_now)
            finally:
                self._turn.release()
        if self._waiting:
            with self._changed:
                self._changed.notify()

    def _comes_to_turn(self) -> bool:
        """Take the turn, after a write of a few that is under way; False where it is not to be had.

        What is left to the thread because it is writing just now keeps it writing: the next find
        it at that again, and each costs two threads' waking. So the end of it is waited for, by
        one, who writes what others bring meanwhile, too.
        """
        if self._turn.acquire(blocking=False):
            return True
        if self._under_way > _FEW or not self._wanted.acquire(blocking=False):
            return False
        try:
            return self._turn.acquire(timeout=_PATIENCE_SECONDS)
        finally:
            self._wanted.release()

    def _write_here(self, append_now: AppendNow) -> None:
        """Write what waits, or leave it waiting where somebody else is writing."""
        began = time.monotonic()
        group = self._next_group()
        if group and not self._write(group, append_now):
            with self._changed:
                self._waiting.extendleft(reversed(group))
                self._events += sum(_weight(submission) for submission, _ in group)
                self._bytes += sum(submission.size for submission, _ in group)
        took = (ended := time.monotonic()) - began
        if took > _SLOW_SECONDS:
            self._rest_until = ended + _REST * took

    def _run(self) -> None:
        while True:
            goes_on = self._await_work()
            # Only in turn: whoever writes just now may put back what it could not write at once.
            with self._turn:
                group = self._next_group()
                if group:
                    self._write(group, self._append)
            if not (goes_on or group):
                return

    def _await_work(self) -> bool:
        """Wait until something is to be written; False when it is time to stop."""
        with self._changed:
            while (not self._waiting or self._wanted.locked()) and not self._closing:
                self._changed.wait()
            return bool(self._waiting)

    def _next_group(self) -> list[_Waiting]:
        """Everything that waits, up to the group's size."""
        with self._changed:
            group: list[_Waiting] = []
            events = 0
            while self._waiting and events < self._group:
                entry = self._waiting.popleft()
                events += _weight(entry[0])
                self._bytes -= entry[0].size
                group.append(entry)
            self._events -= events
            self._under_way = events
            return group

    def _give_up_waiting(self) -> list[_Waiting]:
        with self._changed:
            group = list(self._waiting)
            self._waiting.clear()
            self._events = self._bytes = 0
            return group

    def _write(self, group: list[_Waiting], append: Append | AppendNow) -> bool:
        """Write the group and tell; False, and nothing done, where somebody else is writing."""
        outcomes: Sequence[Receipt | Exception] | None
        began = time.monotonic()
        try:
            outcomes = append([submission for submission, _ in group])
        except DjangalyticsError as error:
            # After a quick failure the next group may fare better. One that took long (another
            # process's lock) would take as long for each group behind it: all are told at once.
            if time.monotonic() - began > _LONG_SECONDS:
                group = [*group, *self._give_up_waiting()]
            _log.error("%d submissions were not written: %s", len(group), error)
            outcomes = [error] * len(group)
        except Exception as error:  # noqa: BLE001 - the thread must outlive a fault of ours
            _log.exception("a fault kept %d submissions from being written", len(group))
            outcomes = [error] * len(group)
        if outcomes is None:
            return False
        for (_, done), outcome in zip(group, outcomes, strict=True):
            try:
                done(outcome)
            except Exception:  # noqa: BLE001 - one listener's fault must not silence the others
                _log.exception("what became of a submission could not be told")
        return True


def _full() -> QueueFull:
    words = "Events arrive faster than they can be written; send the same again later."
    return QueueFull(words, retry_after=2)


def _weight(submission: Submission) -> int:
    return max(1, len(submission.events) + len(submission.refused))
