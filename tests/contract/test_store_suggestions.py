"""What is offered to somebody who types: on every engine what a look at each event says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from djangalytics_server.model.query_filter import Field, Property
from djangalytics_server.model.suggestion import Suggestion, Typing
from djangalytics_server.query import suggest
from djangalytics_server.store.base import Snapshot, Store
from tests import oracle_suggestions, strategies_filters
from tests import recipes as st
from tests.contract.asking import assert_alike
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds
from tests.contract.making import NOW, event, send
from tests.strategies_filters import NAMES, PROPERTIES

typed = st.sampled_from(("", "s", "S", "i", "1", "r", "%", "_", "ü", "true", "pro", 'q"', "2026"))
names = st.one_of(st.none(), st.sampled_from(NAMES))
of_names = st.builds(Typing, st.just(1), st.just("event_names"), typed, st.integers(1, 4))
of_properties = st.builds(
    Typing, st.just(1), st.just("properties"), typed, st.integers(1, 4), names
)
of_values = st.builds(
    Typing,
    st.just(1),
    st.just("values"),
    typed,
    st.integers(1, 4),
    names,
    st.one_of(
        st.sampled_from(PROPERTIES).map(Property),
        st.sampled_from(("source", "session_id", "distinct_id", "event_name")).map(Field),
    ),
)
questions = st.one_of(of_names, of_properties, of_values, of_values)


def ask(question: Typing, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it, however long it takes on a busy machine."""
    found = suggest.answer(question, snapshot, lambda: 0.0)
    assert found.complete
    return [(one.value, one.count, one.types) for one in found.offered]


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(
    st.tuples(
        st.lists(strategies_filters.events(), max_size=16),
        st.lists(questions, min_size=QUESTIONS, max_size=QUESTIONS),
    ).drawn(WORLD)
)
def test_suggestions_are_what_a_look_at_each_event_gives(engines: Any, world: Any) -> None:
    """Names, properties by type, values of odd types, whatever is typed: the same everywhere."""
    assert_alike(engines, world, ask, oracle_suggestions.answer)


def test_a_look_at_values_ends_and_says_how_far_back_it_went(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many events, the newest by their own time, or when its moment is over."""
    send(store, *(event(f"{n}", at=NOW + n, properties=f'{{"n":{n}}}') for n in range(5_000)))
    question = Typing(1, "values", limit=1, subject=Property("n"))
    with store.snapshot() as snapshot:
        whole = suggest.answer(question, snapshot)
        times = iter((0.0, 0.1, 9.9))
        late = suggest.answer(question, snapshot, lambda: next(times))
        monkeypatch.setattr(suggest, "MOST_EVENTS", 3)
        few = suggest.answer(question, snapshot)
    assert (5_000, NOW, True) == (whole.events, whole.since, whole.complete)
    assert (4_000, NOW + 1_000, False) == (late.events, late.since, late.complete)
    assert (3, NOW + 4_997, False) == (few.events, few.since, few.complete)
    assert (Suggestion(4_997, 1, ("number",)),) == few.offered
