"""The disk spool: what is queued outlives the process, and the next one sends it.

One folder holds one project's events. In it each producer has segments of its own
(``<producer>.<n>.spool``) and a lock (``<producer>.lock``) that the system frees when the process
ends, however it ends; whoever gets the lock of another producer sends what that one left.

The caller's side, ``append``, copies bytes into memory that belongs to a file, and does nothing
else; files are made ahead of need, and deleted, in other threads. Callers wait for no lock: each
takes a segment from the pool, writes, and puts it back. As the pool is a stack, it is nearly always
the same one; two are in use only when a thread is stopped in the middle.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import repeat
from pathlib import Path

from djangalytics_client.journal import Damage, Journal, Orphan, left_by, lock_path, try_lock
from djangalytics_client.producer import Producer
from djangalytics_client.segment import SMALLEST, Segment

FIRST_SEGMENT = 1024 * 1024
LARGEST_SEGMENT = 4 * 1024 * 1024
_AHEAD = 8
"""The next segment is made when so large a part of the current one is full: making it takes a busy
interpreter tens of milliseconds."""
_PATIENCE = 1.0
"""Seconds before room is looked for again where there was none."""
_MEASURED_FOR = 10.0
"""Seconds for which it is believed how much the other processes have in the folder."""


def _admitted_before(_: int) -> None:
    """For events that come from the queue in memory."""


class Spool:
    """The spool of one producer, in one process."""

    def __init__(
        self,
        folder: Path,
        producer: Producer,
        numbers: Iterator[int],
        most_bytes: int,
        damage: Damage,
    ) -> None:
        """Open it: make the folder, the lock and the first segment. OSError when one fails.

        ``numbers`` are those of the producer's events; ``most_bytes`` bounds the folder, with what
        all processes have in it.
        """
        self._folder = folder
        self._producer = producer
        self._numbers = numbers
        self._most_bytes = most_bytes
        self._damage = damage
        self.wanting = False
        """Whether ``tidy`` should be called: set once each time, and cleared by who saw it."""
        self._asked = False
        self._retry_at = self._measured_at = 0.0
        self._used = 0
        self._tidying = threading.Lock()
        self._left: deque[Segment] = deque()  # full ones, still mapped
        self._pool: list[Segment] = []
        self._ready: list[Segment] = []
        self._made = 0
        self._next_size = min(FIRST_SEGMENT, max(most_bytes // 4, SMALLEST))
        self._orphans: dict[str, Orphan] = {}
        _make_private(folder)
        lock = try_lock(lock_path(producer.id, folder))
        if lock is None:
            raise BlockingIOError(f"The lock of {producer.id} in {folder} is held by another")
        self._lock: int | None = lock
        try:
            if not self._has_room(0.0):
                raise OSError(f"{folder} is full: it holds {most_bytes:,} bytes at most")
            current = self._make()
        except OSError:
            self._unlock(settled=True)
            raise
        self._cold: Segment | None = current
        self.journal = Journal(producer, _told_by_their_numbers)
        self.journal.segments.append(current)
        self._pool.append(current)

    def append(
        self,
        event: bytes,
        admit: Callable[[int], object] = _admitted_before,
        numbers: Iterator[int] | None = None,
    ) -> bool:
        """Keep an event; False when there is no room. No lock, no system call.

        ``admit`` is called with its size before anybody can find it; ``numbers`` are for one that
        has its number already.
        """
        numbers = numbers or self._numbers
        pool = self._pool
        while True:
            try:
                segment = pool.pop()
            except IndexError:
                try:
                    segment = self._ready.pop()
                except IndexError:
                    self._ask()
                    return False
                self.journal.segments.append(segment)
            if segment.append(event, numbers, admit):
                pool.append(segment)
                if not self._ready and segment.at * _AHEAD > segment.size:
                    self._ask()
                return True
            segment.done = True
            self._left.append(segment)

    def _ask(self) -> None:
        if not self._asked:
            self._asked = self.wanting = True

    def tidy(self, now: float) -> None:
        """Let go of full segments; make the next one if it is wanted.

        OSError when it cannot be made; it is tried again after a second of ``now``'s clock.
        """
        if not self._tidying.acquire(blocking=False):
            return
        try:
            while self._left:
                self._left.popleft().leave()
            cold, self._cold = self._cold, None
            if cold is not None:
                cold.warm()
            if self._asked and not self._ready and now >= self._retry_at:
                self._retry_at = now + _PATIENCE
                if self._has_room(now):
                    self._ready.append(self._make(ahead=True))
                    self._asked = False
                    self._retry_at = 0.0
        finally:
            self._tidying.release()

    def adopt(self) -> list[Orphan]:
        """What processes that ended have left here; ours to send from now on."""
        for name in [name for name, orphan in self._orphans.items() if not orphan.segments]:
            del self._orphans[name]
        names = {path.name.partition(".")[0] for path in self._folder.glob("*.spool")}
        found = []
        for name in sorted(names - {self._producer.id} - set(self._orphans)):
            with suppress(OSError):  # a file of another user, or one that has just gone
                lock = try_lock(lock_path(name, self._folder))
                if lock is not None:
                    orphan = self._orphans[name] = Orphan(name, self._folder, lock, self._damage)
                    found.append(orphan)
        return found

    def keep(self, number: int, event: bytes, now: float) -> bool:
        """Like ``append``, but may wait for the disk: for what is left in memory at the end."""
        numbers = repeat(number)
        if self.append(event, numbers=numbers):
            return True
        self._retry_at = 0.0
        with suppress(OSError):
            self.tidy(now)
        return self.append(event, numbers=numbers)

    def close(self, *, settled: bool) -> None:
        """Let go of everything. The files are deleted if all is settled, else left for the next
        process."""
        if self._lock is None:
            return
        self.journal.close()
        # What a thread has in its hands right now is not here, and stays mapped.
        for segment in self._mapped():
            segment.leave()
        self._pool.clear()
        self._ready.clear()
        kept = () if settled else {segment.path for segment in self.journal.segments}
        for path in left_by(self._producer.id, self._folder):
            if path not in kept:
                with suppress(OSError):
                    path.unlink()
        for orphan in self._orphans.values():
            orphan.release()
        self._unlock(settled=settled)

    def forget(self) -> None:
        """In a forked child: let go of mappings and locks; the files are the parent's."""
        self.journal.close()
        for segment in (*self._mapped(), *self.journal.segments):
            if isinstance(segment, Segment):
                segment.forget()
        for orphan in self._orphans.values():
            orphan.forget()
        self._unlock(settled=False)

    def _mapped(self) -> list[Segment]:
        return [*self._left, *self._pool, *self._ready]

    def _unlock(self, *, settled: bool) -> None:
        if settled:
            with suppress(OSError):
                lock_path(self._producer.id, self._folder).unlink()
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _has_room(self, now: float) -> bool:
        # Not measured each time: every system call may cost a busy interpreter milliseconds.
        if now >= self._measured_at or self._used + self._next_size > self._most_bytes:
            self._measured_at = now + _MEASURED_FOR
            self._used = 0
            for entry in os.scandir(self._folder):
                with suppress(OSError):  # it has just gone
                    self._used += entry.stat(follow_symlinks=False).st_size
        return self._used + self._next_size <= self._most_bytes

    def _make(self, *, ahead: bool = False) -> Segment:
        self._made += 1
        path = self._folder / f"{self._producer.id}.{self._made:08d}.spool"
        segment = Segment(path, self._next_size, self._producer, ahead=ahead)
        self._used += self._next_size
        self._next_size = min(
            self._next_size * 2, LARGEST_SEGMENT, max(self._most_bytes // 4, SMALLEST)
        )
        return segment


def _told_by_their_numbers(_: int) -> None:
    """Own events that cannot be read are missed by the delivery, which knows how many there are."""


def _make_private(folder: Path) -> None:
    """Make a folder and the one around it, for this user alone."""
    for place in (folder.parent, folder):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to another user")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
