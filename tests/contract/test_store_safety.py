"""Atomic, durable, single: what the store keeps when writing fails, and who may read the file."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.event import Submission
from djangalytics_server.model.query import EventPage
from djangalytics_server.store import dialects
from djangalytics_server.store.base import Store
from tests.contract.making import NOW, event, refused, send

TABLES = ("events", "event_counts", "verdict_counts", "rejected_events")


def trace(engine: Any) -> list[list[tuple[Any, ...]]]:
    """Every row of every table that an append writes."""
    return [engine.sql(f"SELECT * FROM {table}") for table in TABLES]


@pytest.mark.parametrize("table", TABLES)
def test_a_failing_append_leaves_nothing(engine: Any, table: str) -> None:
    """Whichever table refuses the write, no table shows any of the submissions, and the next
    append goes through.
    """
    with engine.fresh() as store:
        send(store, event("before"), refused=[refused()])
        before = trace(engine)
        engine.sql(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        with pytest.raises(StoreUnavailable):
            store.append(
                [
                    Submission(1, NOW, (event("a"),)),
                    Submission(1, NOW, (event("b"), event("before")), (refused(),)),
                ]
            )
        assert before == trace(engine)
        engine.sql("DROP TRIGGER refuse")
        assert "accepted" == send(store, event("a")).stored[0].status


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files of this process cannot grow beyond ``size`` bytes: a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing(engine: Any) -> None:
    """When the log cannot grow the append fails whole, and goes through once there is room."""
    with engine.fresh() as store:
        send(store, event("before"))
        big = '{"x":"' + "y" * 30_000 + '"}'
        events = [event(f"big-{n}", properties=big) for n in range(50)]
        before = trace(engine)
        with largest_file(400_000), pytest.raises(StoreUnavailable) as caught:
            send(store, *events)
        assert caught.value.retry_after is not None
        assert before == trace(engine)
        assert 50 == send(store, *events).accepted
        assert 51 == len(store.newest(EventPage(1, limit=100)))


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_held_by_another_process_fails_the_append_whole(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody else writes for longer than we wait nothing is stored; afterwards it is."""
    pragmas = tuple(p for p in dialects._PRAGMAS if "busy" not in p)
    monkeypatch.setattr(dialects, "_PRAGMAS", ("PRAGMA busy_timeout=50", *pragmas))
    with engine.fresh() as store:
        send(store, event("before"))
        before = trace(engine)
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(engine.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with holder:
            assert holder.stdout is not None
            assert b"held" in holder.stdout.readline()
            with pytest.raises(StoreUnavailable):
                send(store, event("during"))
            assert before == trace(engine)
            holder.communicate(b"")
        assert "accepted" == send(store, event("during")).stored[0].status


def test_reopening_keeps_all(engine: Any) -> None:
    """A store that is closed and opened again knows every event, count and insert id."""
    with engine.fresh() as store:
        send(store, event("a"), event("b"), refused=[refused()])
        before = store.newest(EventPage(1)), store.verdicts(1), store.bounds(1)
    with engine.again() as store:
        assert before == (store.newest(EventPage(1)), store.verdicts(1), store.bounds(1))
        assert "duplicate" == send(store, event("a")).stored[0].status


def test_ids_are_never_used_twice(engine: Any) -> None:
    """The id of a deleted event does not come back, not even the highest after reopening."""
    with engine.fresh() as store:
        highest = send(store, event("a"), event("b")).stored[1].event_id
    engine.sql("DELETE FROM events")
    with engine.again() as store:
        assert send(store, event("c")).stored[0].event_id > highest


def test_a_duplicate_takes_no_id(store: Store) -> None:
    """Ids of new events are above all before, whatever repeats came between."""
    ids = [
        entry.event_id
        for receipt in (
            send(store, event("a"), event("a"), event("b")),
            send(store, event("b"), event("c")),
        )
        for entry in receipt.stored
        if entry.status == "accepted"
    ]
    assert sorted(set(ids)) == ids


def test_only_the_owner_may_read_the_files(engine: Any) -> None:
    """The database, its log, its index and its lock are for this user alone."""
    with engine.fresh() as store:
        send(store, event("a"))
        files = sorted(engine.path.parent.glob(f"{engine.path.name}*"))
        assert 4 == len(files), files
        for file in files:
            assert 0 == stat.S_IMODE(file.stat().st_mode) & 0o077, file


def test_many_threads_and_two_stores_write_without_loss(engine: Any) -> None:
    """Four threads on two stores over one file: each event once, each count right."""
    with engine.fresh() as first, engine.again() as second:

        def work(store: Store, start: int) -> None:
            for n in range(start, start + 25):
                send(store, event(str(n)))
                send(store, event(str(n - 5)))

        threads = [
            threading.Thread(target=work, args=(store, start))
            for start, store in ((0, first), (10, second), (20, first), (1_000, second))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ids = {*range(-5, 45), *range(995, 1_025)}
        assert {str(n) for n in ids} == {
            e.insert_id for e in second.newest(EventPage(1, limit=1_000))
        }
        verdicts = first.verdicts(1)
        assert (len(ids), 200 - len(ids)) == (verdicts.accepted, verdicts.duplicates)


def test_a_missing_table_is_unavailable_not_a_crash(engine: Any) -> None:
    """What the database refuses to read is our own error, with the cause attached, and says
    nothing of the database.
    """
    with engine.fresh() as store:
        engine.sql("DROP TABLE events")
        with pytest.raises(StoreUnavailable) as caught:
            store.ping()
        assert isinstance(caught.value.__cause__, Exception)
        assert "events" not in caught.value.detail


def test_a_closed_store_lets_go(engine: Any) -> None:
    """After close the log is folded into the file: one file holds everything."""
    with engine.fresh() as store:
        send(store, event("a"))
    names = {file.name.removeprefix(engine.path.name) for file in engine.path.parent.glob("1*")}
    assert {"", "-lock"} == names
    connection = sqlite3.connect(engine.path)
    with contextlib.closing(connection):
        assert [("a",)] == connection.execute("SELECT insert_id FROM events").fetchall()
