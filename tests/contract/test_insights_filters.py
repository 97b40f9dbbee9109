"""Filters on every engine, event for event against the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from djangalytics_server.model.query import EventPage
from djangalytics_server.model.query_filter import Condition, Property
from djangalytics_server.store.base import Store
from djangalytics_server.store.insights import vocabulary
from tests import oracle_filters, strategies_filters
from tests.contract.conftest import EACH, worlds
from tests.contract.making import event, send
from tests.oracle import Oracle


@settings(max_examples=worlds(200), suppress_health_check=EACH)
@given(world=strategies_filters.worlds().drawn(1_200))
def test_a_filter_finds_what_a_look_at_each_event_finds(engines: Any, world: Any) -> None:
    """Odd types, missing members and any nesting: the same events on every engine."""
    made, asked = world
    submissions = strategies_filters.submitted(made)
    for engine in engines:
        with engine.fresh() as store:
            oracle = Oracle()
            oracle.append(submissions, store.append(submissions))
            for filter in asked:
                found = [e.id for e in store.newest(EventPage(1, limit=1_000, filter=filter))]
                passing = [e.id for e in oracle.of(1) if oracle_filters.passes(e, filter)]
                assert passing[::-1] == found


@pytest.mark.parametrize("since", [(3, 38), (99, 0)], ids=["operator", "pair"])
def test_old_sqlite_reads_members_as_new_ones_do(
    sqlite: Any, monkeypatch: pytest.MonkeyPatch, since: tuple[int, int]
) -> None:
    """Where the operator is missing, the JSON text of a member is the same, letter for letter."""
    from sqlalchemy import select

    from djangalytics_server.store.dialects import sqlite_engine

    monkeypatch.setattr(vocabulary, "ARROW_SINCE", since)
    written = ('"é\\n\\"q"', "1.50", "true", "null", '[1,{"x":1e5}]', '{"y":"]"}', "-0", '""')
    with sqlite.fresh() as store:
        members = ",".join(f'"k{n}":{text}' for n, text in enumerate(written))
        send(store, event("it", properties=f"{{{members}}}"))
        engine = sqlite_engine(sqlite.url)
        with engine.connect() as connection:
            asked = [vocabulary.member_raw(f"k{n}") for n in range(len(written) + 1)]
            row = connection.execute(select(*asked)).one()
        engine.dispose()
    assert (*written, None) == tuple(row)


def test_numbers_of_all_sizes_are_told_apart(store: Store) -> None:
    """Neighbours of the largest number that may be asked for do not match it."""
    near = (2**53 - 2, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1)
    send(store, *(event(str(n), properties=f'{{"n":{n}}}') for n in near))
    asked = Condition(Property("n"), "is", (2**53 - 1,))
    found = store.newest(EventPage(1, filter=asked))
    assert [str(2**53 - 1)] == [e.insert_id for e in found]
