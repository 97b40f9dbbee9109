"""One state of the data, for as long as a question may take."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from djangalytics_server.errors import QuestionTimedOut
from djangalytics_server.model.insight import Scan
from djangalytics_server.model.query import EventPage
from djangalytics_server.store.base import Store
from djangalytics_server.store.snapshot import RelationalSnapshot
from tests.contract.making import NOW, event, send

ENDLESS = text(
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
)
EVER = Scan(1, (((0, NOW * 2),),))


def test_a_snapshot_does_not_see_what_comes_in_meanwhile(store: Store) -> None:
    """All that is asked of it has the same events."""
    send(store, event("a"))
    with store.snapshot() as snapshot:
        assert [1] == [cell.events for cell in snapshot.scan(EVER)]
        send(store, event("b"))
        assert [1] == [cell.events for cell in snapshot.scan(EVER)]
        assert ["a"] == [found.insert_id for found in snapshot.newest(EventPage(1))]
    with store.snapshot() as later:
        assert [2] == [cell.events for cell in later.scan(EVER)]


def test_a_statement_ends_when_the_time_is_up(store: Store) -> None:
    """It is stopped where it runs, and the connection serves the next question without a limit."""

    def ask() -> None:
        with store.snapshot(0.05) as snapshot:
            assert isinstance(snapshot, RelationalSnapshot)
            snapshot._connection.execute(ENDLESS).all()

    began = time.monotonic()
    with pytest.raises(QuestionTimedOut):
        ask()
    assert time.monotonic() - began < 10
    with store.snapshot() as snapshot:
        assert [] == snapshot.scan(EVER)


def test_no_statement_begins_after_the_time_is_up(store: Store) -> None:
    """A question of many short statements ends as well."""
    send(store, event("a"))
    with store.snapshot(0.01) as snapshot:
        time.sleep(0.02)
        with pytest.raises(QuestionTimedOut):
            snapshot.scan(EVER)
