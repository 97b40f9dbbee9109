"""Cohorts on every engine, person for person against the oracle; and as filters of everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from djangalytics_server.model.activity import Lifecycle, Stickiness
from djangalytics_server.model.cohort import CohortPeople
from djangalytics_server.model.funnel import Funnel
from djangalytics_server.model.query import EventPage, StoredEvent
from djangalytics_server.model.query_filter import AnyOf, Condition, Field, Filter, Members
from djangalytics_server.model.retention import Retention
from djangalytics_server.model.trends import Trends
from djangalytics_server.query import cohort
from djangalytics_server.store.base import Snapshot
from tests import (
    oracle_activity,
    oracle_cohorts,
    oracle_distribution,
    oracle_filters,
    oracle_funnel,
    oracle_paths,
    oracle_retention,
    oracle_sessions,
    oracle_trends,
    strategies_cohorts,
    strategies_insights,
)
from tests import recipes as st
from tests.contract import (
    test_insights_activity,
    test_insights_distribution,
    test_insights_funnel,
    test_insights_paths,
    test_insights_retention,
    test_insights_sessions,
    test_insights_trends,
)
from tests.contract.asking import assert_alike
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds

Oracle = Callable[[Any, list[StoredEvent]], Any]

INSIGHTS: dict[str, tuple[Any, Callable[[Any, Snapshot], Any], Oracle]] = {
    "activity": (
        strategies_insights.activities,
        test_insights_activity.ask,
        oracle_activity.answer,
    ),
    "distribution": (
        strategies_insights.distributions,
        test_insights_distribution.ask,
        oracle_distribution.answer,
    ),
    "funnel": (strategies_insights.funnels, test_insights_funnel.ask, oracle_funnel.answer),
    "paths": (strategies_insights.paths, test_insights_paths.ask, oracle_paths.answer),
    "retention": (
        strategies_insights.retentions,
        test_insights_retention.ask,
        oracle_retention.answer,
    ),
    "sessions": (strategies_insights.sessions, test_insights_sessions.ask, oracle_sessions.answer),
    "trends": (strategies_insights.trends, test_insights_trends.ask, oracle_trends.answer),
}


def ask(question: CohortPeople, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it."""
    found = cohort.answer(question, snapshot)
    return found.people, found.of, found.listed


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_cohorts.questions, QUESTIONS).drawn(WORLD))
def test_cohorts_are_what_a_look_at_each_person_gives(engines: Any, world: Any) -> None:
    """Any behaviour, window, latest value and group of them: the same people on every engine."""
    assert_alike(engines, world, ask, oracle_cohorts.answer)


def spelt_out(question: Any, events: Sequence[StoredEvent]) -> Any:
    """The same question with every cohort replaced by the list of its people."""
    if isinstance(question, Members):
        everybody = sorted({event.distinct_id for event in events} - {None})  # type: ignore[type-var]
        inside = [p for p in everybody if oracle_cohorts.belongs(question.who, p, events)]
        named = Condition(Field("distinct_id"), "one_of", tuple(inside))  # type: ignore[arg-type]
        return named if inside else AnyOf(())
    if isinstance(question, tuple):
        return tuple(spelt_out(part, events) for part in question)
    if not dataclasses.is_dataclass(question):
        return question
    names = [field.name for field in dataclasses.fields(question) if field.init]
    parts = {name: spelt_out(getattr(question, name), events) for name in names}
    return dataclasses.replace(question, **parts)  # type: ignore[type-var]


def filtered(question: Any, filter: Filter, *, inside: bool) -> Any:
    """The question with that filter, of the whole or of its first series, step or beginning."""
    if isinstance(question, (Stickiness, Lifecycle)):
        spread = dataclasses.replace(question.spread, filter=filter)
        return dataclasses.replace(question, spread=spread)
    if inside and isinstance(question, Trends):
        first = dataclasses.replace(question.series[0], filter=filter)
        return dataclasses.replace(question, series=(first, *question.series[1:]))
    if inside and isinstance(question, Funnel):
        step = dataclasses.replace(question.steps[0], filter=filter)
        return dataclasses.replace(question, steps=(step, *question.steps[1:]))
    if inside and isinstance(question, Retention):
        begin = dataclasses.replace(question.begin, filter=filter)
        return dataclasses.replace(question, begin=begin)
    return dataclasses.replace(question, filter=filter)


@pytest.mark.parametrize("kind", INSIGHTS)
@settings(max_examples=worlds(6), suppress_health_check=EACH)
@given(data=strategies.data())
def test_every_insight_is_filtered_by_cohorts(
    engines: Any, kind: str, data: strategies.DataObject
) -> None:
    """As it is by the list of their people, which the oracle knows."""
    questions, of_insight, oracle = INSIGHTS[kind]

    def asked(edge: int) -> st.Recipe[Any]:
        filters = strategies_cohorts.filters(edge)
        return st.builds(
            lambda q, f, inside: filtered(q, f, inside=inside),
            questions(edge),
            filters,
            st.booleans(),
        )

    world = data.draw(strategies_insights.worlds(asked, QUESTIONS).drawn(WORLD))
    assert_alike(engines, world, of_insight, lambda question, e: oracle(spelt_out(question, e), e))


@settings(max_examples=worlds(10), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_cohorts.filters, QUESTIONS).drawn(WORLD))
def test_raw_events_are_filtered_by_cohorts(engines: Any, world: Any) -> None:
    """Page for page, and in the order of an export."""

    def newest(filter: Filter, snapshot: Snapshot) -> Any:
        page = EventPage(1, limit=1_000, filter=filter)
        found = [event.id for event in snapshot.newest(page)]
        assert found[::-1] == [event.id for event in snapshot.oldest(page)]
        return found

    def passing(filter: Filter, events: list[StoredEvent]) -> Any:
        plain = spelt_out(filter, events)
        return [e.id for e in events if oracle_filters.passes(e, plain)][::-1]

    assert_alike(engines, world, newest, passing)
