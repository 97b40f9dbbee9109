"""Cohorts by people's numbers: those a look at rows finds, whichever part is found how."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from djangalytics_server.model.cohort import (
    Any,
    CohortPeople,
    Did,
    Each,
    Else,
    FirstDid,
    Latest,
    Who,
)
from djangalytics_server.model.insight import Kind
from djangalytics_server.model.query import EventPage
from djangalytics_server.model.query_filter import Condition, Field, Members, Property
from djangalytics_server.store.base import Store
from djangalytics_server.store.blocks import lasting, looking, making
from djangalytics_server.store.blocks.members import ByNumber
from djangalytics_server.store.insights import cohorts
from tests.contract.engines import SqliteEngine
from tests.contract.making import NOW, SECOND, event, send

HOUR = 3_600 * SECOND
OFTEN = Did(Kind("view"), at_least=3)
RARE = Did(Kind("buy"))
FIRST = FirstDid(Kind("view"), (NOW + 20 * HOUR, NOW + 50 * HOUR))
FROM_WEB = Did(Kind(None, Condition(Field("source"), "is", ("web",))), (None, NOW + 30 * HOUR), 2)
PRO = Latest(Condition(Property("plan"), "is", ("pro",)))
PARTS = (OFTEN, RARE, FIRST, FROM_WEB, PRO)
WHOLE: tuple[Who, ...] = (
    *PARTS,
    Each((OFTEN, Else(PRO))),
    Any((RARE, FIRST)),
    Else(Any((OFTEN, FROM_WEB))),
    Each((RARE, PRO)),
)
FEW = 10
"""Of more events people are told by number here: of all and of "view", not of "buy"."""


@pytest.fixture
def store(sqlite: SqliteEngine) -> Iterator[Store]:
    """Events by thirty people, the last four of which are in no block."""
    with patch.object(making, "SIZE", 6), sqlite.fresh() as opened:
        for number in range(100):
            one = event(
                f"event-{number}",
                "buy" if number % 13 == 7 else "view",
                NOW + (number * 37 % 100) * HOUR,
                distinct_id=None if number % 11 == 5 else f"person {number * number % 31}",
                source=("web", "ios", None)[number % 3],
                properties='{"plan":"%s"}' % ("pro" if number % 4 else "free"),
            )
            send(opened, one)
        while opened.make_block(anew=True):
            pass
        yield opened


def asked(store: Store, who: Who) -> list[object]:
    """How many they are, who, some of them, and their events."""
    members = Members(1, who)
    found: list[object] = []
    with store.snapshot() as snapshot:
        found.append(snapshot.people(members))
    for question in (CohortPeople(members, 100), CohortPeople(members, 3, "person 2")):
        with store.snapshot() as snapshot:
            found.append(snapshot.members(question))
    return [*found, store.newest(EventPage(1, limit=100, filter=members))]


def test_numbers_tell_who_a_look_at_rows_tells(store: Store) -> None:
    """Each part alone and put together: how many, who, and as a filter."""
    by_rows = [asked(store, who) for who in WHOLE]
    assert len({repr(found[:2]) for found in by_rows}) == len(WHOLE)
    with patch.object(looking, "FEW", FEW):
        assert by_rows == [asked(store, who) for who in WHOLE]


def test_what_few_events_are_about_is_found_among_the_rows(store: Store) -> None:
    """And meets what is told by number; of those parts no row is asked."""
    rows = cohorts.Known._looked
    with (
        patch.object(looking, "FEW", FEW),
        patch.object(cohorts.Known, "_looked", autospec=True, side_effect=rows) as looked,
    ):
        for who in WHOLE:
            asked(store, who)
        assert {RARE} == {call.args[1] for call in looked.call_args_list}
        looked.reset_mock()
        with patch.object(lasting, "MOST_LOOSE", 1):
            asked(store, PRO)
        assert [PRO] * 4 == [call.args[1] for call in looked.call_args_list]


def test_people_of_no_block_are_told_too(store: Store) -> None:
    """They are met as rows, and have a number for as long as one state of the data is asked."""
    for at in range(3):
        send(store, event(f"new-{at}", "view", NOW + at, distinct_id="new", source="web"))
    with patch.object(looking, "FEW", FEW), store.snapshot() as snapshot:
        assert "new" in snapshot.members(CohortPeople(Members(1, OFTEN), 100))
        assert "new" not in snapshot.members(CohortPeople(Members(1, PRO), 100))
        assert "new" in snapshot.members(CohortPeople(Members(1, Else(PRO)), 100))


def test_everybody_is_only_counted_for_who_asks_of_how_many(store: Store) -> None:
    """A filter and a list of people need the cohort alone, unless it is all the others."""
    everybody = ByNumber.everybody
    with (
        patch.object(looking, "FEW", FEW),
        patch.object(ByNumber, "everybody", autospec=True, side_effect=everybody) as counted,
    ):
        for who, times in ((OFTEN, 1), (Else(OFTEN), 3)):
            asked(store, who)
            assert times == counted.call_count
            counted.reset_mock()
