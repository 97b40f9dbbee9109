"""Events by columns: made beside the rows, thrown away with them, and never a different answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from djangalytics_server.jobs.blocks import MOST_REST_SECONDS, BlockMaker, rest_after
from djangalytics_server.model.cohort import Did, Else
from djangalytics_server.model.insight import Kind, Scan
from djangalytics_server.model.query import EventPage
from djangalytics_server.model.query_filter import (
    AllOf,
    AnyOf,
    Condition,
    Field,
    Members,
    Not,
    Property,
)
from djangalytics_server.store import pages
from djangalytics_server.store.base import Store
from djangalytics_server.store.blocks import encoding, looking, making, named, persons
from djangalytics_server.store.blocks.grams import GRAMS
from djangalytics_server.store.blocks.named import NAMED
from djangalytics_server.store.blocks.places import INSERT_IDS, PLACES
from djangalytics_server.store.blocks.reading import Reader
from tests.contract.engines import SqliteEngine
from tests.contract.making import NOW, SECOND, event, send

HOUR = 3_600 * SECOND
SLOTS = (((NOW - HOUR, NOW),), ((NOW, NOW + HOUR), (NOW + 2 * HOUR, NOW + 3 * HOUR)))
BUYERS = Members(1, Did(Kind("buy")))
PRO = Condition(Property("plan"), "is", ("pro",))
SCANS = (
    Scan(1, SLOTS),
    Scan(1, SLOTS, "signup"),
    Scan(1, SLOTS, filter=PRO),
    Scan(1, SLOTS, filter=Not(AnyOf((PRO, Condition(Property("odd"), "is_set"))))),
    Scan(1, SLOTS, filter=Condition(Property("n"), "is", (1,))),
    Scan(1, SLOTS, filter=Condition(Property("n"), "is", (True,))),
    Scan(1, SLOTS, filter=BUYERS),
    Scan(1, SLOTS, filter=Not(AllOf((BUYERS, PRO)))),
    Scan(1, SLOTS, filter=Members(1, Else(BUYERS.who))),
    Scan(1, SLOTS, breakdown=(Property("plan"), Field("source"))),
    Scan(1, SLOTS, breakdown=(Property("odd"),)),
    Scan(1, SLOTS, numbers_of="n", breakdown=(Property("plan"),)),
)
COUNT = "SELECT count(*) FROM {}"
TABLES = ("blocks", "block_projects", "block_columns", "block_people")


def fill(store: Store) -> None:
    """Events of two projects, out of order, with odd members; the last two in no block."""
    odd = ('"a\\nb\\u00e9"', '[1, {"b": 2}]', "null", "1.50", '{"a" : []}', "true")
    for number in range(20):
        members = f'"plan": "{("pro", "free", "")[number % 3]}"'
        if number % 2:
            members += f', "n": {(1, "true", number / 4)[number % 3]}'
        if number % 4 != 3:
            members += f', "odd": {odd[number % 6]}'
        one = event(
            f"event-{number}",
            ("signup", "buy")[number % 5 == 0],
            NOW + (number * 7 % 20 - 5) * HOUR // 6,
            properties=f"{{{members}}}",
            distinct_id=None if number % 7 == 0 else f"person-{number % 4}",
            source=("web", None)[number % 2],
            project_id=1 + (number % 10 == 9),
        )
        send(store, one)


def answers(store: Store) -> list[Any]:
    """What every scan answers, and who is met."""
    with store.snapshot() as snapshot:
        cells = [sorted(map(repr, snapshot.scan(scan))) for scan in SCANS]
        met = [
            sorted((c.slot, str(c.group), c.events, sorted(c.people)) for c in snapshot.crowds(s))
            for s in SCANS
            if s.numbers_of is None
        ]
    return [cells, met]


@pytest.fixture
def store(sqlite: SqliteEngine) -> Iterator[Store]:
    """A store whose blocks span six ids, and are asked however few events there are."""
    with (
        patch.object(making, "SIZE", 6),
        patch.object(looking, "FEW", -1),
        sqlite.fresh() as opened,
    ):
        yield opened


def laid_down(store: Store, *, anew: bool = False) -> int:
    """Make all blocks that can be made; how many."""
    made = 0
    while store.make_block(anew=anew):
        made += 1
    return made


def test_answers_are_the_same_with_every_block_with_some_and_with_none(
    store: Store, sqlite: SqliteEngine
) -> None:
    """Odd values, lists as they are asked for, events without a person, those of others."""
    fill(store)
    before = answers(store)
    assert all(before[0])
    assert all(before[1])
    assert store.make_block(anew=False)
    assert before == answers(store)
    assert 2 == laid_down(store)
    with patch.object(looking, "_cells", side_effect=looking._cells) as asked:
        assert before == answers(store)
    assert len(SCANS) == asked.call_count
    assert 3 == sqlite.sql(COUNT.format("blocks"))[0][0]


def test_blocks_are_made_beside_the_requests(store: Store, sqlite: SqliteEngine) -> None:
    """All that are complete, by a thread that waits for nobody to ask."""
    fill(store)
    maker = BlockMaker(store, first=0.0, every=0.01)
    try:
        deadline = time.monotonic() + 20
        while sqlite.sql(COUNT.format("blocks"))[0][0] < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        maker.close()
    assert 3 == sqlite.sql(COUNT.format("blocks"))[0][0]
    assert not store.make_block(anew=False)


def test_who_makes_blocks_rests_the_longer_the_more_others_have_to_do() -> None:
    """Three times as long as it took; six, where it had the processor for half of that."""
    assert [0.3, 0.6, 30.0] == [
        pytest.approx(rest_after(taken, spent))
        for taken, spent in ((0.1, 0.1), (0.1, 0.05), (1.0, 0.1))
    ]
    assert MOST_REST_SECONDS == rest_after(100.0, 0.0)
    assert 0.0 == rest_after(0.0, 0.0)


@pytest.mark.parametrize(
    "more", [{}, {"before": 13}, {"after": 3}, {"limit": 2}, {"source": "web"}]
)
def test_a_persons_events_are_found_by_their_blocks(store: Store, more: dict[str, Any]) -> None:
    """Newest first, with whatever else is asked, and those that are in no block yet."""
    fill(store)
    asked = [
        EventPage(1, distinct_id="person-2", **more),
        EventPage(
            1, filter=AllOf((PRO, Condition(Field("distinct_id"), "is", ("person-2",)))), **more
        ),
        EventPage(1, distinct_id="nobody", **more),
    ]
    before = [store.newest(page) for page in asked]
    assert [True, True, False] == [bool(found) for found in before]
    laid_down(store)
    with (
        patch.object(pages, "FEW", -1),
        patch.object(persons, "_AT_ONCE", 2),
        patch.object(persons, "_in_blocks", side_effect=persons._in_blocks) as looked,
    ):
        assert before == [store.newest(page) for page in asked]
    assert 3 == looked.call_count


def test_people_with_the_same_digest_are_told_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where to look; the events say whose they are."""
    fill(store)
    asked = EventPage(1, distinct_id="person-2")
    before = store.newest(asked)
    for module in (making, persons):
        monkeypatch.setattr(module, "key_of", lambda person: 7)
    laid_down(store)
    with patch.object(pages, "FEW", -1):
        assert before == store.newest(asked)
    with store.snapshot() as snapshot, patch.object(pages, "FEW", -1):
        found = persons.ids_of(snapshot._connection, asked, "person-2")
    assert found is not None
    assert len(before) < sum(len(ids) for ids in found)


@pytest.mark.parametrize(
    ("limit", "most"), [("MOST_COLUMNS", 1), ("MOST_BYTES", 8)], ids=["many", "long"]
)
def test_a_block_that_lacks_a_property_is_not_asked_about_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    """With too many properties, or values too long, the events themselves are read."""
    fill(store)
    before = answers(store)
    monkeypatch.setattr(encoding, limit, most)
    assert 3 == laid_down(store)
    assert before == answers(store)


def test_properties_that_are_too_large_together_are_left_out(
    store: Store, sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that making a block takes bounded memory; the fields are there."""
    fill(store)
    before = answers(store)
    monkeypatch.setattr(making, "MOST_BYTES", 10)
    assert 3 == laid_down(store)
    names = {row[0] for row in sqlite.sql("SELECT DISTINCT name FROM block_columns")}
    assert {f"field {name}" for name in encoding.FIELDS} == names - {
        PLACES,
        INSERT_IDS,
        GRAMS,
        NAMED,
    }
    assert before == answers(store)


def test_a_name_with_many_events_has_a_column_of_its_own(
    store: Store, sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says the same as that of all names, and is read alone; others are found among all."""
    monkeypatch.setattr(named, "MANY", 3)
    for at, name in enumerate(["a", "b", "a", "c", "a", "b"]):
        send(store, event(f"e-{at}", name, NOW + at, distinct_id=f"p-{at % 4}"))
    assert 1 == laid_down(store)
    columns = "SELECT name, data FROM block_columns WHERE name LIKE 'event people%' ORDER BY name"
    (_, every), (column, own) = sqlite.sql(columns)
    assert named.own_column("a") == column
    times = [NOW + at for at in range(6)]
    found = named.unpack_named(every)
    assert named.unpack_own(own) == found.of_name("a", lambda: times)
    assert [[0, 2, 4], [1, 5], [3], []] == [
        list(found.of_name(name, lambda: times).places) for name in "abcd"
    ]
    assert [[1, 3, 1], [2, 2], [4], []] == [
        list(found.of_name(name, lambda: times).numbers) for name in "abcd"
    ]
    assert 0 == sum(table.wrong for table in store.recount())


def test_who_is_erased_is_in_no_block_any_more(store: Store, sqlite: SqliteEngine) -> None:
    """The blocks with their events go in the same breath, and come again without them."""
    fill(store)
    laid_down(store)
    store.erase(1, "person-2")
    before = answers(store)
    held = sqlite.sql("SELECT count(*) FROM block_columns WHERE instr(data, 'person-2') > 0")
    assert [(0,)] == held
    assert sqlite.sql(COUNT.format("blocks"))[0][0] < 3
    assert 0 == laid_down(store)
    assert 0 < laid_down(store, anew=True)
    assert 3 == sqlite.sql(COUNT.format("blocks"))[0][0]
    assert before == answers(store)
    assert 0 == sum(table.wrong for table in store.recount())


def test_who_is_erased_is_nowhere_in_the_file(store: Store, sqlite: SqliteEngine) -> None:
    """Pages of blocks that are thrown away are overwritten, long ones too."""
    who, note = "ada@example.com", "lives-in-elm-street"
    for number in range(12):
        words = f'{{"note": "{note}-{number}-{"x" * 9_000}"}}' if number % 3 else "{}"
        send(
            store, event(f"e-{number}", distinct_id=who if number % 3 else "bob", properties=words)
        )
    laid_down(store)
    held = sqlite.sql("SELECT count(*) FROM block_columns WHERE instr(data, 'elm-street') > 0")
    assert [(2,)] == held
    assert 8 == store.erase(1, who).events
    store.close()
    content = sqlite.path.read_bytes()
    assert b"bob" in content
    assert who.encode() not in content
    assert note.encode() not in content


def test_events_that_go_by_age_are_in_no_block_any_more(store: Store, sqlite: SqliteEngine) -> None:
    """What is left answers for itself."""
    fill(store)
    laid_down(store)
    assert 18 == store.expire(1, NOW + 1)
    assert [[[] for _ in SCANS], [[] for _ in SCANS[1:]]] == answers(store)
    assert 0 == sqlite.sql("SELECT count(*) FROM block_columns WHERE project_id = 1")[0][0]
    laid_down(store, anew=True)
    assert 0 == sum(table.wrong for table in store.recount())


def test_a_block_of_events_that_were_removed_meanwhile_is_not_written(
    store: Store, sqlite: SqliteEngine
) -> None:
    """What was read before a removal is not what is there."""
    fill(store)
    read = making.made

    def removed_meanwhile(*asked: Any) -> making.Made:
        found = read(*asked)
        with patch.object(making, "made", read):
            store.erase(1, "person-1")
        return found

    with patch.object(making, "made", removed_meanwhile):
        assert store.make_block(anew=False)
    assert [(0,)] * 4 == [sqlite.sql(COUNT.format(table))[0] for table in TABLES]


def test_a_block_that_is_not_what_its_events_say_is_found_and_thrown_away(
    store: Store, sqlite: SqliteEngine
) -> None:
    """``recount`` makes each anew and compares; mended, the next round makes it again."""
    fill(store)
    laid_down(store)
    sqlite.sql("UPDATE block_projects SET low = low + 1 WHERE first_id = 7 AND project_id = 2")

    def wrong(*, mend: bool) -> list[tuple[str, int, tuple[Any, ...]]]:
        found = [table for table in store.recount(mend=mend) if table.wrong]
        return [(table.table, table.wrong, table.first[0].key) for table in found]

    assert [("blocks", 1, (7,))] == wrong(mend=False) == wrong(mend=True)
    assert [] == wrong(mend=False)
    assert 1 == laid_down(store, anew=True)
    assert [] == wrong(mend=False)


def test_a_project_that_is_deleted_is_in_no_block_any_more(
    store: Store, sqlite: SqliteEngine
) -> None:
    """The others' events stay in theirs."""
    fill(store)
    laid_down(store)
    before = answers(store)
    while store.remove(2):
        pass
    for table in TABLES[1:]:
        assert 0 == sqlite.sql(f"SELECT count(*) FROM {table} WHERE project_id = 2")[0][0]
    assert 3 == sqlite.sql(COUNT.format("blocks"))[0][0]
    assert before == answers(store)
    assert 0 == sum(table.wrong for table in store.recount())


def test_columns_of_blocks_that_follow_each_other_are_read_some_at_a_time(
    store: Store, sqlite: SqliteEngine
) -> None:
    """Whatever the order in which they are asked for; those that are not there are not."""
    fill(store)
    for number in range(40):
        send(store, event(f"more-{number}", at=NOW + number))
    laid_down(store)
    asked = "SELECT name, first_id, data FROM block_columns WHERE project_id = 1"
    stored = {(name, first): data for name, first, data in sqlite.sql(asked)}
    firsts = sorted({first for _, first in stored})
    assert 10 == len(firsts)
    orders = firsts, firsts[::-1], [*firsts[5:], *firsts[:5]], firsts[::2] + firsts[1::2]
    for order in orders:
        for name in ("field source", "property odd", "property none"):
            with store.snapshot() as snapshot:
                reader = Reader(snapshot._connection, 1)
                with patch.object(reader, "_cursor", side_effect=reader._cursor) as looked:
                    found = {(name, first): reader.data(first, name) for first in order}
            assert found == {key: stored.get(key) for key in found}
            assert looked.call_count < len(firsts) or order is not firsts
