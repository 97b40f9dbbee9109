"""SQLite's log while questions that take long keep it from beginning anew."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from djangalytics_server.model.query import EventPage
from djangalytics_server.store import sqlite_log
from djangalytics_server.store.base import Store
from djangalytics_server.store.opening import open_reader
from tests.contract.engines import SqliteEngine
from tests.contract.making import event, send

PATIENCE = 20.0


@pytest.fixture(autouse=True)
def _short_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a megabyte is long."""
    monkeypatch.setattr(sqlite_log, "LONG_BYTES", 1_000_000)


def log_of(sqlite: SqliteEngine) -> Path:
    """The log beside the last file."""
    return sqlite.path.with_name(f"{sqlite.path.name}-wal")


def lengthen(store: Store) -> None:
    """Write until the log is long."""
    big = '{"x":"' + "y" * 30_000 + '"}'
    for number in range(4):
        send(store, *(event(f"{number}-{n}", properties=big) for n in range(15)))


class LongRead:
    """A long read by a thread, over the same file as another process would have it."""

    def __init__(self, sqlite: SqliteEngine) -> None:
        self.reader = open_reader(sqlite.url)
        self.begun, self.end, self.left = threading.Event(), threading.Event(), False
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        self.reader.make_room(lambda: self.left)
        with self.reader.snapshot() as snapshot:
            snapshot.newest(EventPage(1))
            self.begun.set()
            self.end.wait(PATIENCE)

    def close(self) -> None:
        """End it, and wait until it has ended."""
        self.end.set()
        self._thread.join(PATIENCE)
        self.reader.close()
        assert not self._thread.is_alive()


@contextlib.contextmanager
def reading(sqlite: SqliteEngine) -> Iterator[LongRead]:
    """A long read that lasts as long as the block, unless it is closed before."""
    with contextlib.closing(LongRead(sqlite)) as read:
        yield read


def test_long_reads_go_side_by_side(sqlite: SqliteEngine) -> None:
    """While the log is short none waits for another."""
    with sqlite.fresh() as store:
        send(store, event("a"))
        with reading(sqlite) as first, reading(sqlite) as second:
            assert first.begun.wait(PATIENCE)
            assert second.begun.wait(PATIENCE)
        assert log_of(sqlite).stat().st_size > 0


def test_a_long_log_is_folded_between_long_reads(sqlite: SqliteEngine) -> None:
    """Who comes while it is long waits until the others have ended, and begins with none; events
    are taken meanwhile.
    """
    with sqlite.fresh() as store, reading(sqlite) as first:
        assert first.begun.wait(PATIENCE)
        lengthen(store)
        with reading(sqlite) as second, reading(sqlite) as third:
            assert not second.begun.wait(0.3)
            assert not third.begun.is_set()
            assert 1 == send(store, event("meanwhile")).accepted
            assert log_of(sqlite).stat().st_size > 1_000_000
            first.close()
            assert second.begun.wait(PATIENCE)
            assert third.begun.wait(PATIENCE)
            assert 0 == log_of(sqlite).stat().st_size
        assert 61 == len(store.newest(EventPage(1, limit=100)))


def test_nobody_waits_for_ever(sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another does not end, the read begins nevertheless, and the next waits no more."""
    monkeypatch.setattr(sqlite_log, "PATIENCE_SECONDS", 0.2)
    with sqlite.fresh() as store, reading(sqlite) as first:
        assert first.begun.wait(PATIENCE)
        lengthen(store)
        with reading(sqlite) as second:
            assert second.begun.wait(PATIENCE)
            second.reader.make_room(waits)
            assert log_of(sqlite).stat().st_size > 1_000_000


def test_who_left_does_not_wait(sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that nobody waits for any more gives up the room it would make."""
    monkeypatch.setattr(sqlite_log, "PATIENCE_SECONDS", 2 * PATIENCE)
    with sqlite.fresh() as store, reading(sqlite) as first:
        assert first.begun.wait(PATIENCE)
        lengthen(store)
        with reading(sqlite) as second:
            assert not second.begun.wait(0.2)
            second.left = True
            assert second.begun.wait(PATIENCE)
            assert log_of(sqlite).stat().st_size > 1_000_000


def test_a_log_that_cannot_be_folded_is_told_of(
    sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The read begins, and the server's log says why the other one stays long."""
    monkeypatch.setattr(sqlite_log, "PATIENCE_SECONDS", 0.2)
    with sqlite.fresh() as store, contextlib.closing(open_reader(sqlite.url)) as reader:
        lengthen(store)
        monkeypatch.setattr(sqlite_log, "write_lock", no_lock)
        reader.make_room(lambda: False)
        assert log_of(sqlite).stat().st_size > 1_000_000
    assert "the log could not be folded into the file: nobody lets go" in caplog.text


def waits() -> bool:
    """Whether they have left is asked of those that wait alone."""
    raise AssertionError("it would wait")


def no_lock(path: Path) -> contextlib.AbstractContextManager[None]:
    """Another process writes for longer than anybody waits."""
    raise TimeoutError("nobody lets go")
