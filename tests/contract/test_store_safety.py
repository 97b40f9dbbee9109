"""Atomic, durable, single: what every store keeps when writing fails and many write."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.event import Submission
from djangalytics_server.model.query import EventPage
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
