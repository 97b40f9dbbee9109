"""Raw events go by age, and every count stays what it was and is found true: on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from djangalytics_server.model.event import Submission
from djangalytics_server.store import expiry
from djangalytics_server.store.base import Store
from tests.contract.engines import Engine
from tests.contract.making import NOW, SECOND, event
from tests.contract.test_store_erase import crowd, v7
from tests.contract.test_store_recount import wrong

DAY = 86_400 * SECOND
TABLES = ("event_counts", "event_definitions", "property_definitions", "verdict_counts")


def fill(store: Store, seed: int = 1, count: int = 60) -> None:
    """Events that arrive in order over ten days, some for another project."""
    for number, made in enumerate(crowd(seed, count)):
        arrived = NOW + number * 10 * DAY // count
        one = made._replace(
            insert_id=v7(number) if number % 2 else f"r{number}", received_at=arrived
        )
        store.append([Submission(one.project_id, arrived, (one,))])


def counts(engine: Engine) -> dict[str, set[Any]]:
    """Every row of every count."""
    return {table: set(engine.sql(f"SELECT * FROM {table}")) for table in TABLES}


@pytest.mark.parametrize("seed", range(3))
def test_events_go_and_counts_stay(
    store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Of one project those that arrived earlier, in several steps; a recount finds all true."""
    monkeypatch.setattr(expiry, "STEP", 7)
    fill(store, seed)
    before = counts(engine)
    mine = engine.sql("SELECT id, received_at FROM events WHERE project_id = 1")
    old = [number for number, arrived in mine if arrived < NOW + 5 * DAY]
    told: list[int] = []
    assert len(old) == store.expire(1, NOW + 5 * DAY, lambda gone: told.append(gone) is None)
    assert len(told) > 1
    assert told[-1] == len(old)
    left = {number for (number,) in engine.sql("SELECT id FROM events WHERE project_id = 1")}
    assert {number for number, _ in mine} - set(old) == left
    assert before == counts(engine)
    assert {} == wrong(store.recount())
    assert 0 == store.expire(1, NOW + 5 * DAY)
    assert store.expire(1, NOW + 7 * DAY) > 0
    assert before == counts(engine)
    assert {} == wrong(store.recount())


def test_what_is_gone_does_not_come_back(store: Store) -> None:
    """A repeat is known, so nothing is counted twice, however late it comes."""
    sent = [event(i, received_at=NOW) for i in (v7(1), "order-7")]
    store.append([Submission(1, NOW, tuple(sent))])
    assert 2 == store.expire(1, NOW + DAY)
    [again] = store.append([Submission(1, NOW + 90 * DAY, tuple(sent))])
    assert (0, 2) == (again.accepted, again.duplicates)
    assert {} == wrong(store.recount())


def test_it_stops_when_it_is_told_to(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a transaction, and goes on from there the next time."""
    monkeypatch.setattr(expiry, "STEP", 10)
    fill(store)
    first = store.expire(1, NOW + 20 * DAY, lambda _gone: False)
    assert 0 < first <= 10
    assert {} == wrong(store.recount())
    rest = store.expire(1, NOW + 20 * DAY)
    assert [] == [e for e in store.newest(page()) if e.id]
    assert first + rest == store.verdicts(1).accepted


def page() -> Any:
    """Everything of the first project."""
    from djangalytics_server.model.query import EventPage

    return EventPage(1, limit=1_000)


@pytest.mark.parametrize("seed", range(4))
def test_a_person_is_erased_from_what_is_left(store: Store, engine: Engine, seed: int) -> None:
    """After some events went by age an erasure still leaves every count true."""
    fill(store, seed)
    store.expire(1, NOW + 4 * DAY)
    for who in ("ada", "bob", "eve"):
        store.erase(1, who)
        assert {} == wrong(store.recount())


def test_damage_is_found_and_mended_where_events_are_gone(store: Store, engine: Engine) -> None:
    """What went is part of the truth that a recount knows."""
    fill(store)
    before = counts(engine)
    store.expire(1, NOW + 20 * DAY)
    for table in TABLES[:3]:
        engine.sql(f"DELETE FROM {table} WHERE project_id = 1")
    assert set(TABLES[:3]) == set(wrong(store.recount()))
    store.recount(mend=True)
    assert before == counts(engine)
    assert {} == wrong(store.recount())
