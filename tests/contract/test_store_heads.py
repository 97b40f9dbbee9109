"""People of a day counted beforehand: as many as there are by name, whatever comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from djangalytics_server.model.event import DAY_SECONDS
from djangalytics_server.model.insight import Scan
from djangalytics_server.store.base import Store
from djangalytics_server.store.blocks import days, looking, making
from tests.contract.engines import SqliteEngine
from tests.contract.making import NOW, SECOND, event, send

DAY = DAY_SECONDS * SECOND
QUARTER = DAY // 96
MIDNIGHT = NOW // DAY * DAY
SLOTS = tuple(
    ((MIDNIGHT + start, MIDNIGHT + start + DAY),)
    for start in (quarter * QUARTER for quarter in range(-200, 200, 3))
)
EVERY = Scan(1, SLOTS)
OTHERS = Scan(2, SLOTS)
ODD = Scan(1, (((MIDNIGHT, MIDNIGHT + DAY + 1),), ((MIDNIGHT + 1, MIDNIGHT + DAY + 1),)))


def counted(store: Store, scan: Scan) -> dict[int, bool]:
    """The slots with people, and whether those were counted beforehand; all as they are by name."""
    with store.snapshot() as snapshot:
        by_name = {c.slot: (len(c.people), c.events) for c in snapshot.crowds(scan)}
        found = list(snapshot.heads(scan))
    known = {heads.slot: (heads.people, heads.events) for heads in found if heads.people}
    assert by_name == known
    return {heads.slot: heads.counted for heads in found if heads.people}


def fill(store: Store, first: int, count: int) -> None:
    """Events of three days, the later they come the earlier they are; each fourth of nobody."""
    for number in range(first, first + count):
        one = event(
            f"event-{number}",
            at=MIDNIGHT + DAY + (30 - number * 11 % 60) * DAY // 17 + number % 5 * QUARTER,
            distinct_id=None if number % 4 == 0 else f"person-{number % 7}",
            project_id=2 if number % 9 == 8 else 1,
        )
        send(store, one)


def laid_down(store: Store) -> None:
    """Make all blocks, and count all days."""
    for _ in range(100):
        if not store.make_block(anew=True):
            return
    raise AssertionError("there is always more to do")


@pytest.fixture
def store(sqlite: SqliteEngine) -> Iterator[Store]:
    """A store with blocks of four ids, in which every day is worth counting and is over."""
    with (
        patch.object(making, "SIZE", 4),
        patch.object(looking, "FEW", -1),
        patch.object(days, "WORTH", 1),
        patch.object(days, "_latest", lambda _connection: NOW + 100 * DAY),
        sqlite.fresh() as opened,
    ):
        yield opened


def test_as_many_are_counted_as_there_are_by_name(store: Store) -> None:
    """From every quarter of an hour on, of each project by itself; others are looked for."""
    fill(store, 0, 40)
    assert not any(counted(store, EVERY).values())
    laid_down(store)
    assert sum(counted(store, EVERY).values()) > 50
    assert any(counted(store, OTHERS).values())
    assert not any(counted(store, ODD).values())
    assert 0 == sum(table.wrong for table in store.recount())


def test_what_comes_later_is_counted_too(store: Store) -> None:
    """While it is in no block it is looked for, and then the days it touches are counted anew."""
    fill(store, 0, 20)
    laid_down(store)
    assert all(counted(store, EVERY).values())
    fill(store, 20, 3)
    assert {True, False} == set(counted(store, EVERY).values())
    fill(store, 23, 1)
    assert store.make_block(anew=False)
    assert {True, False} == set(counted(store, EVERY).values())
    assert 0 == sum(table.wrong for table in store.recount())
    laid_down(store)
    assert all(counted(store, EVERY).values())


def test_who_is_erased_is_counted_no_more(store: Store) -> None:
    """From the same breath on, before anything is counted anew, and after."""
    fill(store, 0, 40)
    laid_down(store)
    store.erase(1, "person-3")
    counted(store, EVERY)
    counted(store, OTHERS)
    assert 0 == sum(table.wrong for table in store.recount())
    laid_down(store)
    assert all(counted(store, EVERY).values())
    assert 0 == sum(table.wrong for table in store.recount())


def test_days_whose_events_go_by_age_have_nobody(store: Store, sqlite: SqliteEngine) -> None:
    """Nor does a project that is deleted keep any day."""
    fill(store, 0, 40)
    laid_down(store)
    store.expire(1, NOW + 1)
    assert {} == counted(store, EVERY)
    while store.remove(2):
        pass
    assert [(0,)] == sqlite.sql("SELECT count(*) FROM block_days WHERE project_id = 2")
    laid_down(store)
    assert {} == counted(store, EVERY)
    assert 0 == sum(table.wrong for table in store.recount())


def test_a_day_that_is_wrong_is_found_and_counted_anew(store: Store, sqlite: SqliteEngine) -> None:
    """``recount`` says which, and mended it is looked for until it is counted again."""
    fill(store, 0, 40)
    laid_down(store)
    day = MIDNIGHT // DAY
    sqlite.sql(f"UPDATE block_days SET people = events WHERE project_id = 1 AND day = {day}")
    wrong = [table for table in store.recount(mend=True) if table.wrong]
    assert [("block_days", (1, day))] == [(table.table, table.first[0].key) for table in wrong]
    assert {True, False} == set(counted(store, EVERY).values())
    laid_down(store)
    assert all(counted(store, EVERY).values())


def test_a_day_is_counted_as_far_as_it_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The days that end later are looked for, until the whole next day is over."""
    fill(store, 0, 40)
    latest = MIDNIGHT + 2 * DAY + 3 * QUARTER
    monkeypatch.setattr(days, "_latest", lambda _connection: latest)
    laid_down(store)
    found = counted(store, EVERY)
    assert {False, True} == set(found.values())
    assert all(how == (SLOTS[slot][0][1] <= latest) for slot, how in found.items())


def test_a_day_with_very_many_events_is_counted_in_portions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has some of the people, so that the memory it takes is bounded."""
    fill(store, 0, 40)
    monkeypatch.setattr(days, "_AT_ONCE", 3)
    laid_down(store)
    assert all(counted(store, EVERY).values())


def test_a_day_of_which_events_went_meanwhile_is_not_written(
    store: Store, sqlite: SqliteEngine
) -> None:
    """What was counted before a removal is not what is there."""
    fill(store, 0, 40)
    with patch.object(days, "WORTH", 1_000):
        laid_down(store)
    count = days.next_day

    def removed_meanwhile(connection: object) -> days.Day | None:
        found = count(connection)  # type: ignore[arg-type]
        store.erase(1, "person-1")
        return found

    with patch.object(days, "next_day", removed_meanwhile):
        assert store._count_day()  # type: ignore[attr-defined]
    assert [(0,)] == sqlite.sql("SELECT count(*) FROM block_days")
