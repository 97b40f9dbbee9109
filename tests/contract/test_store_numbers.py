"""People by number: those who are met by name, whatever comes and goes, and nobody twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from sqlalchemy import Connection

from djangalytics_server.model.insight import Scan
from djangalytics_server.model.query_filter import Condition, Field
from djangalytics_server.store.base import Store
from djangalytics_server.store.blocks import looking, making, numbered, numbers
from tests.contract.engines import SqliteEngine
from tests.contract.making import NOW, SECOND, event, send

HOUR = 3_600 * SECOND
SLOTS = (
    ((0, NOW - 5 * HOUR),),
    ((NOW - 5 * HOUR, NOW),),
    (),
    ((NOW, NOW + HOUR), (NOW + 2 * HOUR, NOW + 3 * HOUR)),
    ((NOW + 3 * HOUR, 2**62),),
)
SCANS = (
    Scan(1, SLOTS),
    Scan(1, SLOTS, "signup"),
    Scan(1, SLOTS, filter=Condition(Field("source"), "is", ("web",))),
    Scan(1, SLOTS, "buy", Condition(Field("distinct_id"), "is_not", ("person 4",))),
)
OTHERS = Scan(2, SLOTS)
NUMBERS = "SELECT project_id, distinct_id, number FROM block_numbers ORDER BY 1, 2"


def fill(store: Store, first: int = 0, count: int = 43) -> None:
    """Events of two projects, out of order, some of nobody; the last three in no block."""
    for number in range(first, first + count):
        one = event(
            f"event-{number}",
            ("signup", "buy")[number % 3 == 0],
            NOW + (number * 7 % 43 - 20) * HOUR // 2,
            distinct_id=None if number % 9 == 0 else f"person {number % 11}",
            source=("web", None)[number % 2],
            project_id=1 + (number % 10 == 9),
        )
        send(store, one)


def laid_down(store: Store) -> None:
    """Make all blocks; numbers that no block has are forgotten."""
    while store.make_block(anew=True):
        pass


def assert_alike(store: Store, *, by_number: bool = True) -> None:
    """Whoever has a number in a slot is somebody who is met there by name, the same in each."""
    with store.snapshot() as snapshot:
        found = snapshot.numbered(*SCANS)
        assert by_number == (found is not None)
        people: dict[int, set[tuple[int, int]]] = defaultdict(set)
        names: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for place, scan in enumerate(SCANS):
            heads = {h.slot: (h.people, h.events) for h in snapshot.heads(scan) if h.people}
            met = list(snapshot.crowds(scan))
            assert heads == {crowd.slot: (len(crowd.people), crowd.events) for crowd in met}
            for crowd in met:
                for name in crowd.people:
                    names[name].add((place, crowd.slot))
            for slot, some in found[place] if found is not None else ():
                for number in some:
                    people[number].add((place, slot))
        if found is not None:
            assert sorted(map(sorted, names.values())) == sorted(map(sorted, people.values()))
        others = {crowd.slot: len(crowd.people) for crowd in snapshot.crowds(OTHERS)}
        assert others == {h.slot: h.people for h in snapshot.heads(OTHERS) if h.people}


@pytest.fixture
def store(sqlite: SqliteEngine) -> Iterator[Store]:
    """A store with blocks of ten ids, which are asked however few events there are."""
    with (
        patch.object(making, "SIZE", 10),
        patch.object(looking, "FEW", -1),
        sqlite.fresh() as opened,
    ):
        yield opened


def test_people_are_told_apart_by_number_as_by_name(store: Store, sqlite: SqliteEngine) -> None:
    """Without blocks, with one, with all; nobody has two numbers in a project."""
    fill(store)
    assert_alike(store, by_number=False)
    assert store.make_block(anew=True)
    assert_alike(store)
    laid_down(store)
    assert_alike(store)
    fill(store, 43, 30)
    assert_alike(store)
    laid_down(store)
    assert_alike(store)
    rows = sqlite.sql(NUMBERS)
    assert len(rows) == len({row[:2] for row in rows}) == len({(row[0], row[2]) for row in rows})
    assert 0 == sum(table.wrong for table in store.recount())


def test_sets_that_are_too_large_together_are_not_made(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then people are told apart by their ids."""
    fill(store)
    laid_down(store)
    monkeypatch.setattr(numbered, "MOST_BYTES", -1)
    assert_alike(store, by_number=False)


def test_who_is_erased_has_no_number_any_more(store: Store, sqlite: SqliteEngine) -> None:
    """Nor is their id in the file; who comes again is somebody new."""
    fill(store)
    laid_down(store)
    highest = max(row[2] for row in sqlite.sql(NUMBERS))
    store.erase(1, "person 3")
    assert (1, "person 3") not in {row[:2] for row in sqlite.sql(NUMBERS)}
    assert (1, "person 4") in {row[:2] for row in sqlite.sql(NUMBERS)}
    assert_alike(store)
    laid_down(store)
    assert_alike(store)
    for number in range(10):
        send(store, event(f"again-{number}", at=NOW, distinct_id="person 3"))
    laid_down(store)
    assert_alike(store)
    [mine] = [row[2] for row in sqlite.sql(NUMBERS) if row[:2] == (1, "person 3")]
    assert mine > highest
    assert 0 == sum(table.wrong for table in store.recount())


def test_whose_events_all_went_by_age_has_no_number_any_more(
    store: Store, sqlite: SqliteEngine
) -> None:
    """When all blocks are made anew; who has events in others keeps theirs."""
    for number in range(20):
        send(store, event(f"e-{number}", at=NOW, distinct_id=f"person {number // 4}"))
    laid_down(store)
    before = sqlite.sql(NUMBERS)
    assert 5 == len(before)
    sqlite.sql("UPDATE events SET received_at = 1 WHERE id <= 10")
    assert 10 == store.expire(1, 2)
    laid_down(store)
    assert before[2:] == sqlite.sql(NUMBERS)
    assert [0] * 3 == [t.wrong for t in store.recount() if t.table.startswith("block")]


def test_what_was_read_before_another_block_came_forgets_nobody(store: Store) -> None:
    """Whoever looked finds out anew the next time."""
    fill(store, 0, 10)
    laid_down(store)
    store.erase(1, "person 3")
    look = numbers.left_over

    def block_meanwhile(connection: Connection) -> list[tuple[int, str]] | None:
        found = look(connection)
        fill(store, 43, 10)
        assert store.make_block(anew=False)
        return found

    laid_down(store)
    store.erase(1, "person 4")
    with (
        patch.object(numbers, "left_over", block_meanwhile),
        patch.object(numbers, "sweep", side_effect=numbers.sweep) as swept,
    ):
        laid_down(store)
    assert 0 == swept.call_count
    laid_down(store)
    assert_alike(store)
    with store.snapshot() as snapshot:
        assert look(snapshot._connection) is None


def test_a_project_that_is_deleted_has_no_numbers(store: Store, sqlite: SqliteEngine) -> None:
    """The others' people keep theirs."""
    fill(store)
    laid_down(store)
    before = [row for row in sqlite.sql(NUMBERS) if row[0] == 1]
    while store.remove(2):
        pass
    assert before == sqlite.sql(NUMBERS)
    assert [("numbers:1",)] == sqlite.sql("SELECT name FROM marks WHERE name LIKE 'numbers:%'")
    assert_alike(store)


def test_a_number_that_is_two_peoples_is_found_and_forgotten(
    store: Store, sqlite: SqliteEngine
) -> None:
    """With every block of the project; the next round makes them again."""
    fill(store)
    laid_down(store)
    sqlite.sql("UPDATE block_numbers SET number = 1 WHERE project_id = 1 AND number = 2")
    wrong = {table.table for table in store.recount(mend=True) if table.wrong}
    assert {"blocks", "block_numbers"} == wrong
    assert_alike(store, by_number=False)
    laid_down(store)
    assert_alike(store)
    assert 0 == sum(table.wrong for table in store.recount())
