"""Every rollup is held against the events, and what is wrong is found, named and mended."""

from __future__ import annotations

import pytest

from djangalytics_server.model.audit import Difference, TableCheck
from djangalytics_server.store import producers, rollups
from djangalytics_server.store.base import Store
from tests.contract.engines import Engine
from tests.contract.making import NOW, SECOND, event, refused, send
from tests.contract.test_store_delivery import asked, numbering, tell

DAY = 86_400 * SECOND
COUNTED = ["event_counts", "event_definitions", "property_definitions", "verdict_counts"]
TABLES = [*COUNTED, "producers", "blocks", "block_days", "block_numbers"]


def fill(store: Store) -> None:
    """Events of three days and two projects, some sent twice, some refused."""
    for day in range(3):
        for number in range(4):
            one = event(
                f"{day}-{number}",
                ("signup", "buy")[number % 2],
                NOW - day * DAY + number * 1_000 * SECOND,
                properties='{"plan": "pro", "n": 1, "ok": true}',
            )
            send(store, one, one, refused=[refused()])
    send(store, event("other", project_id=7, at=5 * SECOND, properties='{"a": null}'))
    send(store, event("before", at=-5 * SECOND))
    # With gaps of each kind, before and after the highest that came.
    for arrived in ((1, 5), (8, 9), (20, 30), (3, 4), (8, 8)):
        told = numbering(arrived, tracked=40, dropped=((12, 13), (33, 35)), lost={"queue_full": 5})
        tell(store, told)
    tell(store, numbering((1, 1000), producer_id="b", tracked=1000))


def wrong(found: list[TableCheck]) -> dict[str, int]:
    """How many rows of which table are wrong."""
    return {table.table: table.wrong for table in found if table.wrong}


def test_what_the_store_wrote_is_true(store: Store, engine: Engine) -> None:
    """After events of every kind each row of each rollup stands the comparison."""
    fill(store)
    found = store.recount()
    assert TABLES == [table.table for table in found]
    assert {} == wrong(found)
    rows = [engine.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]
    accepted = engine.sql("SELECT count(*) FROM verdict_counts WHERE verdict = 'accepted'")[0][0]
    assert [*rows[:3], accepted, *rows[4:]] == [table.compared for table in found]
    assert [3, 7, 2, 2] == [table.compared for table in found][1:5]


def test_an_empty_store_is_true(store: Store) -> None:
    """Nothing to compare, nothing wrong."""
    assert [0] * 8 == [table.compared + table.wrong for table in store.recount()]


@pytest.mark.parametrize("table", COUNTED)
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE {} SET count = count + 1 WHERE project_id = 1",
        "DELETE FROM {} WHERE project_id = 1",
        "UPDATE {} SET project_id = 3 WHERE project_id = 7",
    ],
)
def test_damage_is_found_and_mended(store: Store, engine: Engine, table: str, damage: str) -> None:
    """Rows that are wrong, missing or too many are found in their table alone, then put right."""
    fill(store)
    # Of the other verdicts nothing is kept that they could be counted from.
    damage += " AND verdict = 'accepted'" if table == "verdict_counts" else ""
    engine.sql(damage.format(table))
    before = store.recount()
    assert [table] == list(wrong(before))
    assert wrong(before) == wrong(store.recount(mend=True))
    assert {} == wrong(store.recount())


@pytest.mark.parametrize(
    ("damage", "wrong_rows"),
    [
        ("received = received + 1", 2),
        ("dropped = 0", 1),
        ("tracked = 3", 2),
        ("tracked = 0, received = 0, dropped = 0", 2),
    ],
)
def test_sums_of_the_ledger_are_found_and_mended(
    store: Store, engine: Engine, damage: str, wrong_rows: int
) -> None:
    """What a producer's sums say is held against its gaps; mended it is what it was before."""
    fill(store)
    before = asked(store)
    engine.sql(f"UPDATE producers SET {damage}")
    assert {"producers": wrong_rows} == wrong(store.recount())
    assert {"producers": wrong_rows} == wrong(store.recount(mend=True))
    assert {} == wrong(store.recount())
    if not damage.startswith("tracked"):  # numbers that only the producer told of are gone
        assert before == asked(store)


def test_sums_of_settled_and_merged_producers_are_true(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a producer with more gaps than are kept apart, and of producers that are one sum."""
    monkeypatch.setattr(producers, "MOST", 10)
    for each in range(14):
        odd = [(number, number) for number in range(1 + each, 600, 2)]
        for some in (odd[:150], odd[150:], odd[3:4]):
            told = numbering(*some, producer_id=f"p{each}", tracked=700, dropped=((602, 604),))
            tell(store, told, at=NOW + each * SECOND)
    assert 0 < asked(store).merged
    assert {} == wrong(store.recount())


def test_a_difference_is_named(store: Store, engine: Engine) -> None:
    """Which row, what it says, and what the events say."""
    send(store, event("1"), event("2", at=NOW + 1))
    engine.sql("UPDATE event_definitions SET count = 5, first_seen = 1 WHERE project_id = 1")
    found = store.recount()[1]
    assert ("project_id", "event_name") == found.key_columns
    assert ("count", "first_seen", "last_seen") == found.value_columns
    expected = Difference((1, "signup"), (5, 1, NOW + 1), (2, NOW, NOW + 1))
    assert (expected,) == found.first


def test_more_names_than_are_compared_at_once(
    store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are compared some at a time, and none is left out between two of those."""
    monkeypatch.setattr("djangalytics_server.store.recount._NAMES", 3)
    send(store, *(event(str(n), f"näme {n}") for n in range(9)))
    assert {} == wrong(store.recount())
    engine.sql("DELETE FROM event_definitions WHERE event_name IN ('näme 0', 'näme 5', 'näme 8')")
    engine.sql("UPDATE event_definitions SET event_name = 'näme 55' WHERE event_name = 'näme 6'")
    assert {"event_definitions": 5} == wrong(store.recount(mend=True))
    assert {} == wrong(store.recount())


def test_a_full_project_may_lack_properties(
    store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An absent definition is wrong only while the project has room for it."""
    send(store, event("1", properties='{"a": 1, "b": 1, "c": 1, "d": 1}'))
    engine.sql("DELETE FROM property_definitions WHERE property IN ('b', 'd')")
    assert {"property_definitions": 2} == wrong(store.recount())
    monkeypatch.setattr(rollups, "MOST_PROPERTIES", 3)
    assert {"property_definitions": 1} == wrong(store.recount(mend=True))
    assert {} == wrong(store.recount())
    monkeypatch.setattr(rollups, "MOST_PROPERTIES", 2)
    assert {} == wrong(store.recount())


def test_progress_is_told(store: Store) -> None:
    """Each event is told of twice: once for the counts, once for the properties."""
    send(store, *(event(str(number)) for number in range(10)))
    told: list[tuple[int, int]] = []
    store.recount(progress=lambda done, of: told.append((done, of)))
    assert (20, 20) == told[-1]
    assert sorted(told) == told
