"""Which events there are and what they carry: on every engine what a look at each one says."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from djangalytics_server.model.definitions import EventSeen, PropertySeen
from djangalytics_server.store.base import Store
from tests import strategies
from tests.contract.making import NOW, event, send
from tests.contract.test_store import EACH, filled


@settings(max_examples=30, suppress_health_check=EACH)
@given(appends=strategies.appends.drawn(strategies.APPENDS))
def test_definitions_are_those_of_the_oracle(engines: Any, appends: Any) -> None:
    """Names, types, counts, first and last times, all of them or those asked for."""
    for engine in engines:
        with engine.fresh() as store:
            oracle = filled(store, appends)
            for project in (1, 2, 3):
                everything = oracle.definitions(project, (), 1_000)
                assert everything == store.definitions(project, (), 1_000)
                assert everything[:2] == store.definitions(project, (), 2)
                names = [seen.event_name for seen in everything[1::2]]
                expected = oracle.definitions(project, names, 1_000) if names else everything
                assert expected == store.definitions(project, names, 1_000)


def test_a_property_is_listed_by_type(store: Store) -> None:
    """One that is sometimes a number and sometimes text has two entries."""
    send(store, event("1", properties='{"n": 1}'), event("2", at=NOW + 5, properties='{"n": 2.5}'))
    send(store, event("3", at=NOW + 9, properties='{"n": "three", "a": null}'))
    expected = EventSeen(
        "signup",
        3,
        NOW,
        NOW + 9,
        (
            PropertySeen("a", "null", 1, NOW + 9, NOW + 9),
            PropertySeen("n", "number", 2, NOW, NOW + 5),
            PropertySeen("n", "text", 1, NOW + 9, NOW + 9),
        ),
    )
    assert [expected] == store.definitions(1, (), 10)


def test_more_events_than_are_asked_at_once(store: Store) -> None:
    """Each of many names has its own properties."""
    for start in range(0, 1_200, 600):
        numbers = range(start, start + 600)
        send(store, *(event(f"{n}", f"e{n:04}", properties=f'{{"p{n}": {n}}}') for n in numbers))
    found = store.definitions(1, (), 1_000)
    assert [f"e{n:04}" for n in range(1_000)] == [seen.event_name for seen in found]
    assert [f"p{n}" for n in range(1_000)] == [seen.properties[0].name for seen in found]
