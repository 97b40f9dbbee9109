"""Raw events in the order of their own time: on every engine what a sorted list has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings

from djangalytics_server.model.query import EventPage, Mark, StoredEvent
from djangalytics_server.model.query_filter import Condition, Field, Property
from djangalytics_server.query import cursors, explore
from djangalytics_server.store import latest
from djangalytics_server.store.base import Store
from djangalytics_server.store.blocks import making, places
from tests import oracle_filters, strategies_filters
from tests import recipes as st
from tests.contract.conftest import EACH, worlds
from tests.contract.engines import SqliteEngine
from tests.contract.making import NOW, SECOND, event, send
from tests.oracle import Oracle, fits

marks = st.builds(Mark, strategies_filters.moments, st.integers(1, 25))
pages = st.builds(
    EventPage,
    project_id=st.just(1),
    limit=st.sampled_from((1, 2, 5, 30)),
    start=st.one_of(st.none(), st.none(), strategies_filters.moments),
    end=st.one_of(st.none(), st.none(), strategies_filters.moments),
    filter=st.one_of(
        st.none(),
        strategies_filters.filters,
        st.sampled_from(strategies_filters.PEOPLE).map(
            lambda who: Condition(Field("distinct_id"), "is", (who,))
        ),
    ),
    order=st.just("timestamp"),
    below=st.one_of(st.none(), marks),
)


def expected(oracle: Oracle, page: EventPage) -> list[StoredEvent]:
    """What a look at each event finds."""
    passing = [
        one
        for one in oracle.of(1)
        if fits(one, page)
        and oracle_filters.passes(one, page.filter)
        and (page.below is None or (one.timestamp, one.id) < page.below)
    ]
    passing.sort(key=lambda one: (one.timestamp, one.id), reverse=True)
    return passing[: page.limit]


@settings(max_examples=worlds(50), suppress_health_check=EACH)
@given(
    made=st.lists(strategies_filters.events(), max_size=25).drawn(600),
    asked=st.lists(pages, min_size=1, max_size=4).drawn(400),
)
def test_every_page_by_time_is_the_oracle_s(engines: Any, made: Any, asked: Any) -> None:
    """Ties, late arrivals, any filter, any range and any place to go on from."""
    submissions = strategies_filters.submitted(made)
    for engine in engines:
        with engine.fresh() as store:
            oracle = Oracle()
            for at in range(0, len(submissions), 6):
                some = submissions[at : at + 6]
                oracle.append(some, store.append(some))
            for page in asked:
                assert expected(oracle, page) == store.newest(page)


@pytest.mark.parametrize(
    "filter",
    [
        None,
        Condition(Property("plan"), "is", ("pro",)),
        Condition(Field("distinct_id"), "is", ("ada",)),
    ],
    ids=["all", "filtered", "one person"],
)
def test_pages_by_time_join_while_events_arrive(engine: Any, filter: Any) -> None:
    """Going on by cursor shows each event of the start once, also if that of the cursor is gone."""
    with engine.fresh() as store:
        old = [_event(f"old-{number}", number % 4) for number in range(25)]
        send(store, *old)
        seen: list[str] = []
        below = None
        for turn in range(7):
            page = EventPage(1, limit=4, order="timestamp", filter=filter, below=below)
            with store.snapshot() as snapshot:
                found = explore.page(page, snapshot)
            seen += [one.insert_id for one in found.events]
            if found.next_cursor is None:
                break
            assert isinstance(found.next_cursor, str)
            below = cursors.read(found.next_cursor)
            engine.sql(f"DELETE FROM events WHERE id = {found.events[-1].id}")
            send(store, *(_event(f"new-{turn}-{number}", 9) for number in range(3)))
    assert [f"old-{n}" for n in sorted(range(25), key=lambda n: (-(n % 4), -n))] == seen


def _event(insert_id: str, seconds: int) -> Any:
    return event(
        insert_id, at=NOW + seconds * SECOND, properties='{"plan":"pro"}', distinct_id="ada"
    )


@pytest.fixture
def blocks(sqlite: SqliteEngine) -> Iterator[Store]:
    """Two hundred events in blocks of six, one in ten of which arrives a hundred seconds late."""
    with patch.object(making, "SIZE", 6), sqlite.fresh() as opened:
        for number in range(200):
            late = 100 if number % 10 == 0 else 0
            plan = "rare" if number in (3, 50, 51) else "usual"
            at = NOW + (number - late) * SECOND
            send(opened, event(f"i{number}", at=at, properties=f'{{"plan":"{plan}"}}'))
        while opened.make_block(anew=False):
            pass
        yield opened


def looked_at(store: Store, page: EventPage) -> tuple[list[str], int]:
    """The insert ids of a page, and how many rows were read for it."""
    read = 0
    rows = latest.pages.latest

    def counted(page: EventPage, among: Sequence[int] | None = None) -> Any:
        nonlocal read
        assert among is not None
        read += len(among)
        return rows(page, among)

    with patch.object(latest.pages, "latest", counted):
        return [one.insert_id for one in store.newest(page)], read


def test_a_page_by_time_reads_the_blocks_of_its_time_alone(blocks: Store) -> None:
    """The latest events are in the last blocks, and few of the late ones come with them."""
    usual = Condition(Property("plan"), "is", ("usual",))
    found, read = looked_at(blocks, EventPage(1, limit=5, order="timestamp", filter=usual))
    assert ["i199", "i198", "i197", "i196", "i195"] == found
    assert read <= 12


def test_a_rare_value_is_found_by_its_columns_in_the_order_of_time(blocks: Store) -> None:
    """Only rows that may be on the page are read; the late one stands where it belongs."""
    rare = Condition(Property("plan"), "is", ("rare",))
    found, read = looked_at(blocks, EventPage(1, order="timestamp", filter=rare))
    assert (["i51", "i3", "i50"], 3) == (found, read)


@pytest.mark.parametrize(
    "without", ["UPDATE block_projects SET partial = 1", f"name = '{places.PLACES}'"]
)
def test_blocks_that_do_not_tell_are_read_as_rows_by_time(
    blocks: Store, sqlite: SqliteEngine, without: str
) -> None:
    """Properties too many or too long to be there, or the places of the events."""
    if without.startswith("name"):
        without = f"DELETE FROM block_columns WHERE {without}"
    sqlite.sql(without)
    rare = Condition(Property("plan"), "is", ("rare",))
    assert ["i51", "i3", "i50"] == looked_at(blocks, EventPage(1, order="timestamp", filter=rare))[
        0
    ]


@pytest.mark.parametrize("text", ["", "7", "7.", ".7", "7.0", "7.07", " 7.7", "7.7\n", "\u0667.7"])
def test_what_is_no_cursor_is_none(text: str) -> None:
    """Only what was written is read."""
    assert cursors.read(text) is None


@pytest.mark.parametrize("mark", [Mark(0, 1), Mark(-5, 2), Mark(253402300799999999, 2**62 - 1)])
def test_a_cursor_is_read_as_it_was_written(mark: Mark) -> None:
    """From before 1970 to the end of the year 9999."""
    assert mark == cursors.read(cursors.written(mark))
