"""What SQLite alone has to keep: one file, one disk, one lock, and who may read it."""

from __future__ import annotations

import contextlib
import resource
import sqlite3 as driver
import stat
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.event import Submission
from djangalytics_server.model.query import EventPage
from djangalytics_server.store import random_ids, sqlite_file, sqlite_journal
from djangalytics_server.store.opening import open_appender
from tests.contract.engines import SqliteEngine
from tests.contract.making import event, send
from tests.contract.test_store_safety import trace


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files of this process cannot grow beyond ``size`` bytes: a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing(sqlite: SqliteEngine) -> None:
    """When the log cannot grow the append fails whole, and goes through once there is room."""
    with sqlite.fresh() as store:
        send(store, event("before"))
        big = '{"x":"' + "y" * 30_000 + '"}'
        events = [event(f"big-{n}", properties=big) for n in range(50)]
        before = trace(sqlite)
        with largest_file(400_000), pytest.raises(StoreUnavailable) as caught:
            send(store, *events)
        assert caught.value.retry_after is not None
        assert before == trace(sqlite)
        assert 50 == send(store, *events).accepted
        assert 51 == len(store.newest(EventPage(1, limit=100)))


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""
WORKER = """
import fcntl, sys
file = open(sys.argv[1] + "-lock", "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("program", [HOLDER, WORKER], ids=["transaction", "lock file"])
def test_who_must_not_wait_is_told_that_another_writes(sqlite: SqliteEngine, program: str) -> None:
    """An append for now or never returns at once with nothing done while another process holds a
    lock of either kind, and goes through afterwards.
    """
    with sqlite.fresh() as store:
        send(store, event("before"))
        appender = open_appender(sqlite.url)
        with contextlib.closing(appender):
            appender.append([Submission(1, 0, (event("first"),))])
            before = trace(sqlite)
            holder = subprocess.Popen(
                [sys.executable, "-c", program, str(sqlite.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            mine = [Submission(1, 0, (event("mine"),))]
            with holder:
                assert holder.stdout is not None
                assert b"held" in holder.stdout.readline()
                began = time.monotonic()
                assert appender.append_now(mine) is None
                assert time.monotonic() - began < sqlite_file.PATIENCE_SECONDS / 2
                assert before == trace(sqlite)
                holder.communicate(b"")
            receipts = appender.append_now(mine)
            assert receipts is not None
            assert ["accepted"] == [entry.status for entry in receipts[0].stored]


def test_a_lock_held_by_another_process_fails_the_append_whole(
    sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody else writes for longer than we wait nothing is stored; afterwards it is."""
    pragmas = tuple(p for p in sqlite_file._PRAGMAS if "busy" not in p)
    monkeypatch.setattr(sqlite_file, "_PRAGMAS", ("PRAGMA busy_timeout=50", *pragmas))
    with sqlite.fresh() as store:
        send(store, event("before"))
        before = trace(sqlite)
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(sqlite.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with holder:
            assert holder.stdout is not None
            assert b"held" in holder.stdout.readline()
            with pytest.raises(StoreUnavailable):
                send(store, event("during"))
            assert before == trace(sqlite)
            holder.communicate(b"")
        assert "accepted" == send(store, event("during")).stored[0].status


def test_what_takes_long_is_left_to_who_may_take_long(
    sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever must not wait writes neither first, when all that is new is read, nor, where folding
    is due, more than two hundred times in a row: another folds the log into the file, so it does
    not grow for ever.
    """
    monkeypatch.setattr(sqlite_journal, "_FOLDING_EVERY_SECONDS", 0.0)
    with sqlite.fresh():
        appender = open_appender(sqlite.url)
        log = sqlite.path.with_name(f"{sqlite.path.name}-wal")
        left, largest = [], 0
        with contextlib.closing(appender):
            for number in range(1_000):
                one = [Submission(1, 0, (event(f"e{number}"),))]
                if appender.append_now(one) is None:
                    left.append(number)
                    assert appender.append(one)[0].accepted
                largest = max(largest, log.stat().st_size)
        assert [0, 201, 402, 603, 804] == left
        assert largest < 32 * 1024 * 1024
    with contextlib.closing(driver.connect(sqlite.path)) as connection:
        assert [(1_000,)] == connection.execute("SELECT count(*) FROM events").fetchall()


def test_the_log_is_folded_by_and_by_where_nobody_reads(sqlite: SqliteEngine) -> None:
    """Whoever writes singly, and without pause, has it folded into the file again and again."""
    with sqlite.fresh(), contextlib.closing(open_appender(sqlite.url)) as appender:
        folded, number, end = 0, 0, time.monotonic() + 60
        while folded < 3 and time.monotonic() < end:
            number += 1
            before = sqlite.path.stat().st_mtime_ns
            one = [
                Submission(1, 0, (event(f"e{number}", properties='{"x":"' + "y" * 9_000 + '"}'),))
            ]
            if appender.append_now(one) is None:
                appender.append(one)
            folded += sqlite.path.stat().st_mtime_ns != before
        assert 3 == folded


def test_a_log_that_somebody_reads_is_not_folded_at_every_commit(sqlite: SqliteEngine) -> None:
    """While one reader after the other keeps the log from being begun anew it is folded into the
    file twice a second at most, however many commits there are and whoever makes them.
    """
    large = "UPDATE event_definitions SET event_name = CAST(zeroblob(20000000) AS TEXT)"
    with contextlib.ExitStack() as last, sqlite.fresh() as store:
        appender = last.enter_context(contextlib.closing(open_appender(sqlite.url)))
        send(store, event("one"))
        readers = [
            last.enter_context(contextlib.closing(driver.connect(sqlite.path))) for _ in "ab"
        ]
        look(readers[0])
        with store._database.mending() as connection:
            connection.exec_driver_sql(large)
        folded, begin = 0, time.monotonic()
        for number in range(150):
            before = sqlite.path.stat().st_mtime_ns
            append = appender.append_now if number % 2 else appender.append
            append([Submission(1, 0, (event(f"e{number}"),))])
            folded += sqlite.path.stat().st_mtime_ns != before
            look(readers[(number + 1) % 2])
            readers[number % 2].rollback()
        most = 1 + (time.monotonic() - begin) / 0.5
    assert 1 <= folded <= most


def look(reader: driver.Connection) -> None:
    """Have it see the present state until it is rolled back."""
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM projects").fetchall()


def test_a_sorted_pass_over_many_ids_is_left_to_who_may_take_long(
    sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shortly before one is due nobody writes who must not wait; afterwards they do again."""
    monkeypatch.setattr(random_ids, "FLUSH_AT", 1_020)
    with sqlite.fresh():
        appender = open_appender(sqlite.url)
        with contextlib.closing(appender):
            appender.append([Submission(1, 0, tuple(event(f"a{n}") for n in range(10)))])
            assert appender.append_now([Submission(1, 0, (event("b"),))]) is not None
            appender.append([Submission(1, 0, tuple(event(f"c{n}") for n in range(10)))])
            assert appender.append_now([Submission(1, 0, (event("d"),))]) is None
            appender.append([Submission(1, 0, tuple(event(f"e{n}") for n in range(1_000)))])
            assert appender.append_now([Submission(1, 0, (event("d"),))]) is not None


def test_the_log_is_emptied_where_nobody_appends(sqlite: SqliteEngine) -> None:
    """Blocks are made beside a file that nobody sends to: the log does not grow with them."""
    large = "UPDATE event_definitions SET event_name = CAST(zeroblob(2000000) AS TEXT)"
    with sqlite.fresh() as store:
        send(store, event("one"))
        log = sqlite.path.with_name(f"{sqlite.path.name}-wal")
        for _ in range(30):
            with store._database.mending() as connection:
                connection.exec_driver_sql(large)
        assert log.stat().st_size < 30_000_000
        with store._database.reading() as connection:
            assert 0 == connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar()


def test_only_the_owner_may_read_the_files(sqlite: SqliteEngine) -> None:
    """The database, its log, its index and its lock are for this user alone."""
    with sqlite.fresh() as store:
        send(store, event("a"))
        files = sorted(sqlite.path.parent.glob(f"{sqlite.path.name}*"))
        assert 4 == len(files), files
        for file in files:
            assert 0 == stat.S_IMODE(file.stat().st_mode) & 0o077, file


def test_a_closed_store_lets_go(sqlite: SqliteEngine) -> None:
    """After close the log is folded into the file: one file holds everything."""
    with sqlite.fresh() as store:
        send(store, event("a"))
    names = {file.name.removeprefix(sqlite.path.name) for file in sqlite.path.parent.glob("1*")}
    assert {"", "-lock"} == names
    connection = driver.connect(sqlite.path)
    with contextlib.closing(connection):
        assert [("a",)] == connection.execute("SELECT insert_id FROM events").fetchall()
