"""The segments of one producer, read in order: our own, or those of a process that ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from djangalytics_client.backlog import Part
from djangalytics_client.producer import Producer
from djangalytics_client.segment import Finished, Reader, Segment

Damage = Callable[[int], None]
"""Told how many events could not be read, at least."""


class Journal:
    """A source of parts over the files of one producer. A file that is settled is deleted."""

    replays = False

    def __init__(self, producer: Producer, damage: Damage) -> None:
        self.producer = producer
        self.segments: list[Segment | Finished] = []
        """Those that are not settled, oldest first. Other threads add to it."""
        self.tracked = 0
        """The highest number read."""
        self._damage = damage
        self._readers: dict[Path, Reader] = {}
        self._taken_from: Reader | None = None

    def take(self, events: int, size: int) -> Part | None:
        """See Source."""
        for segment in tuple(self.segments):
            done = segment.done  # asked first: then its end is final
            reader = self._reader(segment)
            records = [] if reader is None else reader.read(segment.at, events, size)
            if reader is not None and reader.damaged:
                self._damage(reader.damaged)
                reader.damaged = 0
            if records:
                self._taken_from = reader
                self.tracked = max(self.tracked, records[-1][0])
                texts = [text for _, text in records]
                return Part(self, [number for number, _ in records], texts, [*map(len, texts)])
            if done or reader is None:
                self._delete(segment)
        return None

    def commit(self) -> None:
        """See Source."""
        if self._taken_from is not None:
            self._taken_from.settle()

    def close(self) -> None:
        """Let go of the files that are being read."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _reader(self, segment: Segment | Finished) -> Reader | None:
        reader = self._readers.get(segment.path)
        if reader is None:
            try:
                reader = self._readers[segment.path] = Reader(segment.path)
            except OSError:  # somebody took the file away
                self._damage(1)
                return None
            if self.replays and reader.producer is not None:
                self.producer = reader.producer
        return reader

    def _delete(self, segment: Segment | Finished) -> None:
        reader = self._readers.pop(segment.path, None)
        if reader is not None:
            reader.close()
        self.segments.remove(segment)
        with suppress(OSError):
            segment.path.unlink()


class Orphan(Journal):
    """What a process that ended has left, ours since we hold its lock."""

    replays = True

    def __init__(self, name: str, folder: Path, lock: int, damage: Damage) -> None:
        super().__init__(Producer(name, "", "", 0), damage)
        self.segments.extend(Finished(path) for path in left_by(name, folder))
        self._lock_path = lock_path(name, folder)
        self._lock: int | None = lock

    def release(self) -> None:
        """Let go; when nothing is left, for good."""
        if not self.segments:
            with suppress(OSError):
                self._lock_path.unlink()
        self.forget()

    def forget(self) -> None:
        """Let go of the lock without a trace: in a forked child it is the parent's."""
        self.close()
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def left_by(producer: str, folder: Path) -> list[Path]:
    """The segments of a producer, oldest first."""
    return sorted(folder.glob(f"{producer}.*.spool"))


def lock_path(producer: str, folder: Path) -> Path:
    """The lock of a producer: held as long as its process lives."""
    return folder / f"{producer}.lock"


def try_lock(path: Path) -> int | None:
    """Lock a file for this process -> its descriptor; None while another process has it."""
    import fcntl

    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.stat(path).st_ino == os.fstat(file).st_ino:  # noqa: PTH116 - beside fstat
                return file
        except BlockingIOError:
            os.close(file)
            return None
        except FileNotFoundError:
            pass  # its owner ended for good between the two lines above
        except OSError:
            os.close(file)
            raise
        os.close(file)
