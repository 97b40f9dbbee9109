"""A text found anywhere in events: on every engine what a look at each event finds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djangalytics_server.model.event import Event, Submission
from djangalytics_server.model.query import EventPage, StoredEvent
from djangalytics_server.model.query_filter import AllOf, Condition, Field, Not, Property
from djangalytics_server.query import explore
from djangalytics_server.store import back, pages
from djangalytics_server.store.base import Store
from djangalytics_server.store.blocks import grams, making, places
from tests.contract.conftest import EACH, worlds
from tests.contract.engines import SqliteEngine
from tests.contract.making import NOW, SECOND, event, send
from tests.oracle import Oracle

UUID = "018f3c5a-7b1c-7def-8a{:02x}-00000000{:04x}"
words = st.sampled_from(
    ("pro", "Pro ", "a,b", "50%", "x_y", 'say "hi"', "C:\\dir", "é", "ÉCLAIR", "", "1", "-0", "{}")
)
numbers = st.sampled_from((0, 1, 10, -7, 2.5, 1e30, True, None))
leaves = st.one_of(words, numbers)
members = st.one_of(
    leaves,
    st.lists(leaves, max_size=2),
    st.dictionaries(st.sampled_from(("k", "Key")), leaves, max_size=2),
)
documents = st.builds(
    lambda found, loose: json.dumps(
        found, ensure_ascii=False, separators=(", ", ": ") if loose else (",", ":")
    ),
    st.dictionaries(
        st.sampled_from(("plan", "Plan", 'q"k', "price", "tags", "ü")), members, max_size=4
    ),
    st.booleans(),
)


@st.composite
def searched(draw: st.DrawFn) -> tuple[list[Event], list[EventPage]]:
    """Events, and pages that search for pieces of them, wherever they begin and end."""
    made = [
        event(
            UUID.format(number % 7, number) if draw(st.booleans()) else f"order-{number}",
            draw(st.sampled_from(("Sign Up", "buy", "a:b"))),
            NOW + draw(st.integers(-3, 3)) * SECOND,
            properties=draw(documents),
            distinct_id=draw(st.sampled_from((None, "ada@example.com", "42", "Ünal"))),
            session_id=draw(st.sampled_from((None, "s-1"))),
        )
        for number in range(draw(st.integers(1, 12)))
    ]
    return made, [_page(draw, made) for _ in range(6)]


def _page(draw: st.DrawFn, made: Sequence[Event]) -> EventPage:
    one = draw(st.sampled_from(made))
    text = draw(
        st.sampled_from(
            [one.properties, one.insert_id, one.event_name, one.distinct_id or "nobody here"]
        )
    )
    begin = draw(st.integers(0, len(text) - 1))
    text = text[begin : begin + draw(st.integers(1, 9))]
    return EventPage(
        1,
        limit=draw(st.sampled_from((1, 3, 50))),
        before=draw(st.sampled_from((None, None, 7))),
        after=draw(st.sampled_from((None, None, 2))),
        start=draw(st.sampled_from((None, None, NOW))),
        end=draw(st.sampled_from((None, None, NOW + SECOND))),
        distinct_id=draw(st.sampled_from((None, None, None, "42"))),
        search=text.upper() if draw(st.booleans()) else text,
    )


@settings(max_examples=worlds(25), suppress_health_check=EACH)
@given(world=searched())
def test_a_search_finds_what_a_look_at_each_event_finds(engines: Any, world: Any) -> None:
    """Pieces of names, values, ids and of what JSON writes between them, A to Z alike."""
    made, asked = world
    for engine in engines:
        with engine.fresh() as store:
            oracle = Oracle()
            for place in range(0, len(made), 4):
                submissions = [Submission(1, NOW, tuple(made[place : place + 4]))]
                oracle.append(submissions, store.append(submissions))
            for page in asked:
                assert oracle.newest(page) == store.newest(page)


@pytest.fixture
def store(sqlite: SqliteEngine) -> Iterator[Store]:
    """Two hundred events, all but the last two in blocks of six, by which a search is made."""
    with (
        patch.object(making, "SIZE", 6),
        patch.object(back, "FIRST_LOOK", 1),
        patch.object(pages, "FEW", -1),
        sqlite.fresh() as opened,
    ):
        for number in range(200):
            plan = "rare" if number in (3, 50, 51) else "usual"
            one = event(
                UUID.format(1, number) if number < 100 else f"order-{number}",
                at=NOW + number * 7 % 200 * SECOND,
                properties=f'{{"plan":"{plan}","n":{number}}}',
                distinct_id=f"person-{number % 20}",
            )
            send(opened, one)
        while opened.make_block(anew=False):
            pass
        yield opened


def read_for(store: Store, page: EventPage) -> tuple[list[str], int]:
    """The insert ids of what is found, and how many rows were looked at for it."""
    read = 0
    look = back._Rows._read

    def counted(rows: back._Rows, ids: Sequence[int]) -> list[StoredEvent]:
        nonlocal read
        read += len(ids)
        return look(rows, ids)

    with patch.object(back._Rows, "_read", counted), store.snapshot() as snapshot:
        found = explore.page(page, snapshot, clock=lambda: 0.0).events
        assert list(found) == snapshot.newest(page)
    return [one.insert_id for one in found], read // 2


PLAN = Condition(Property("plan"), "is", ("rare",))


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (EventPage(1, search="RARE"), [51, 50, 3]),
        (EventPage(1, search="rare", limit=2), [51, 50]),
        (EventPage(1, search="rare", before=51), [3]),
        (EventPage(1, search="rare", after=4), [51, 50]),
        (EventPage(1, search="rare", distinct_id="person-11"), [51]),
        (EventPage(1, search="7b1c-7def-8a01-000000000032"), [50]),
        (EventPage(1, search="-000000000032"), [50]),
        (EventPage(1, search="ORDER-150"), [150]),
        (EventPage(1, search='"rare","n":50}'), [50]),
        (EventPage(1, search="nowhere"), []),
        (EventPage(1, filter=PLAN), [51, 50, 3]),
        (EventPage(1, filter=AllOf((PLAN, Condition(Property("n"), "gt", (50,))))), [51]),
        (EventPage(1, search="usual", filter=Condition(Property("n"), "is", (7,))), [7]),
    ],
    ids=str,
)
def test_only_rows_that_may_be_on_the_page_are_read(
    store: Store, page: EventPage, found: list[int]
) -> None:
    """Those in no block, the first look, and what the columns name."""
    names = [UUID.format(1, number) if number < 100 else f"order-{number}" for number in found]
    seen, read = read_for(store, page)
    assert names == seen
    assert read <= len(found) + 3


def test_what_columns_cannot_tell_is_asked_of_the_rows(store: Store) -> None:
    """What the senders called the events, when they were, and a text of signs alone."""
    late = Condition(Field("timestamp"), "gte", (NOW + 190 * SECOND,))
    called = Condition(Field("insert_id"), "is", ("order-150",))
    for page, number in (
        (EventPage(1, filter=called), 1),
        (EventPage(1, filter=Not(late)), 50),
        (EventPage(1, search="person", filter=late), 10),
        (EventPage(1, search=","), 50),
    ):
        assert number == len(read_for(store, page)[0])


def test_a_range_that_is_long_past_is_found_by_its_blocks(store: Store) -> None:
    """Blocks without an event of that time are passed over."""
    seen, read = read_for(store, EventPage(1, start=NOW + 14 * SECOND, end=NOW + 16 * SECOND))
    # 7n % 200 is 14 or 15.
    assert ["order-145", UUID.format(1, 2)] == seen
    assert read <= 5


@pytest.mark.parametrize(
    "without", ["UPDATE block_projects SET partial = 1", f"name = '{places.PLACES}'"]
)
def test_blocks_that_lack_something_are_read_as_rows(
    store: Store, sqlite: SqliteEngine, without: str
) -> None:
    """Properties too many or too long to be there, or the places of the events."""
    if without.startswith("name"):
        without = f"DELETE FROM block_columns WHERE {without}"
    sqlite.sql(without)
    seen, read = read_for(store, EventPage(1, search="rare"))
    assert [UUID.format(1, number) for number in (51, 50, 3)] == seen
    assert read >= 197


def test_places_are_kept_in_any_order() -> None:
    """Events that came in order take next to no room, others two bytes."""
    for some in ([0], [1, 2, 3], [7, 8], [0, 2, 3], [5, 4, 65_535, 0, 9], list(range(16_384))):
        stored = places.pack_places(some)
        assert len(some) == places.how_many(stored)
        assert some == list(places.unpack_places(stored))
    assert len(stored) < 200


def test_a_block_knows_which_texts_it_does_not_have() -> None:
    """Digests of five bytes: all that is there may be, and most of what is not may not."""
    there = [f"order-{number}".encode() for number in range(500)]
    few, many = grams.pack_grams([b"ada"]), grams.pack_grams(there)
    assert few is not None
    assert many is not None
    assert len(few) < 200 < len(many) < 4_000
    assert all(grams.may_have(many, text) for text in (*there, b"rder-", b"-12"))
    missing = [f"basket/{number}".encode() for number in range(500)]
    assert not any(grams.may_have(many, text) for text in missing)
    assert grams.may_have(None, b"anything")


def test_a_block_with_too_much_text_is_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """To make its digests would take long."""
    monkeypatch.setattr(grams, "MOST_BYTES", 10)
    assert grams.pack_grams([b"123456", b"1234"]) is not None
    assert grams.pack_grams([b"123456", b"12345"]) is None
