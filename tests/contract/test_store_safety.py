"""Atomic, durable, single: what every store keeps when writing fails and many write."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.event import Submission
from djangalytics_server.model.query import EventPage, StoredEvent
from djangalytics_server.store.base import Store
from tests.contract.making import NOW, event, refused, send
from tests.helpers import server_environment

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
        engine.refuse(table)
        with pytest.raises(StoreUnavailable):
            store.append(
                [
                    Submission(1, NOW, (event("a"),)),
                    Submission(1, NOW, (event("b"), event("before")), (refused(),)),
                ]
            )
        assert before == trace(engine)
        engine.relent(table)
        assert "accepted" == send(store, event("a")).stored[0].status


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


def test_a_follower_by_id_misses_nothing_while_two_stores_write(engine: Any) -> None:
    """Whoever asks again and again for what is above the last id they saw meets every event once,
    in the order of ids.
    """
    with engine.fresh() as first, engine.again() as second, engine.again() as reader:

        def work(store: Store, name: str) -> None:
            for n in range(60):
                send(store, *(event(f"{name}-{n}-{k}") for k in range(n % 4 + 1)))

        writers = [
            threading.Thread(target=work, args=arguments)
            for arguments in ((first, "one"), (second, "two"))
        ]
        for writer in writers:
            writer.start()
        seen: list[StoredEvent] = []
        writing = True
        while writing:
            writing = any(writer.is_alive() for writer in writers)  # asked before the last look
            last = seen[-1].id if seen else 0
            seen += reversed(reader.newest(EventPage(1, limit=1_000, after=last)))
        assert 2 * 15 * (1 + 2 + 3 + 4) == len(seen)
        everything = reader.newest(EventPage(1, limit=1_000))
        assert everything[::-1] == seen


WRITES = """
import sys
from djangalytics_server.store.opening import open_store
from tests.contract.making import event, refused, send
store, start = open_store(sys.argv[1]), int(sys.argv[2])
sys.stdin.readline()
for n in range(start, start + 12):
    events = [event(f"{k}", f"e{k % 3}", properties='{"k":1}') for k in range(n, n + 5)]
    send(store, *events, refused=[refused()])
store.close()
"""


def test_several_processes_count_exactly(engine: Any) -> None:
    """Three processes send overlapping batches: each event is there once, and every rollup is
    what a recount of the raw events gives.
    """
    with engine.fresh() as store:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", WRITES, engine.url, str(start)],
                stdin=subprocess.PIPE,
                text=True,
                env=server_environment(),
            )
            for start in (0, 6, 9)
        ]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            process.communicate()
        assert [0, 0, 0] == [process.returncode for process in processes]
        assert {str(n) for n in range(25)} == {
            e.insert_id for e in store.newest(EventPage(1, limit=1_000))
        }
        verdicts = store.verdicts(1)
        assert (25, 180 - 25, 36) == (verdicts.accepted, verdicts.duplicates, verdicts.rejected)
        assert {0} == {table.wrong for table in store.recount()}


def test_a_batch_beyond_any_number_of_parameters(store: Store) -> None:
    """Ten thousand events in one transaction, every third of them a repeat, end as they should."""
    ids = [str(n if n % 3 else n // 2) for n in range(10_000)]
    receipt = send(store, *map(event, ids))
    known: set[str] = set()
    expected = []
    for insert_id in ids:
        expected.append("duplicate" if insert_id in known else "accepted")
        known.add(insert_id)
    assert expected == [entry.status for entry in receipt.stored]
    assert len(known) == receipt.accepted == store.verdicts(1).accepted


def test_what_a_refused_event_brings_is_kept_as_far_as_text_can_be(
    store: Store, engine: Any
) -> None:
    """U+0000, which PostgreSQL has no place for, is kept as U+FFFD: it refuses nothing else."""
    odd = refused(insert_id="a\0b", key_prefix="djw_\0")
    receipt = send(store, event("good"), refused=[odd])
    assert 1 == receipt.accepted
    statement = "SELECT insert_id, key_prefix FROM rejected_events"
    assert [("a\ufffdb", "djw_\ufffd")] == engine.sql(statement)
