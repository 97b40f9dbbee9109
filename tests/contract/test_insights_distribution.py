"""The distribution of a property on every engine, value for value against the oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from djangalytics_server.model.distribution import Distribution
from djangalytics_server.query import distribution
from djangalytics_server.store.base import Snapshot
from tests import oracle_distribution, strategies_insights
from tests.contract.asking import assert_alike, shown
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds


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
