"""The distribution of a property on every engine, value for value against the oracle."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from djangalytics_server.model.distribution import Distribution
from djangalytics_server.model.insight import Kind
from djangalytics_server.model.query_filter import Condition, Property
from djangalytics_server.query import distribution
from djangalytics_server.store.base import Snapshot
from tests import oracle_distribution, strategies_insights
from tests.contract.asking import assert_alike, shown
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds
from tests.contract.engines import Engine
from tests.contract.making import NOW, event, send


def ask(question: Distribution, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it."""
    found = distribution.answer(question, snapshot)
    values = [(shown(group), events) for group, events in found.values]
    numbers = None
    if found.numbers is not None:
        measured = [getattr(found.numbers, measure) for measure in oracle_distribution.MEASURES]
        bins = [(one.low, one.high, one.events) for one in found.numbers.bins]
        numbers = found.numbers.events, measured, bins
    return found.events, found.distinct, values, numbers


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_insights.distributions, QUESTIONS).drawn(WORLD))
def test_a_distribution_is_what_a_look_at_each_value_gives(engines: Any, world: Any) -> None:
    """Any property or field, number of values and bins: the same on every engine."""
    assert_alike(engines, world, ask, oracle_distribution.answer)


@pytest.mark.parametrize("name", ['q"', "back\\slash", "a\ttab", '"."[0]', "\x7f", "line\u2028"])
def test_a_property_may_have_any_name(engine: Engine, name: str) -> None:
    """Also one that JSON writes with a backslash, which SQLite's paths do not understand."""
    made = [
        event(f"i{n}", properties=json.dumps({name: value}, ensure_ascii=False))
        for n, value in enumerate((7, 7, 2**70, "seven"))
    ]
    question = Distribution(1, "UTC", (0, 2 * NOW), Kind(None), Property(name))
    with engine.fresh() as store:
        send(store, *made)
        with store.snapshot() as snapshot:
            distinct = ask(question, snapshot)[1]
            filtered = replace(question, filter=Condition(Property(name), "is", (7,)))
            assert (distinct, ask(filtered, snapshot)[0]) == (3, 2)
