"""Trends on every engine, number for number against the oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from djangalytics_server.model.trends import Period, Trends
from djangalytics_server.query import trends
from djangalytics_server.store.base import Snapshot
from tests import oracle_trends, strategies_insights
from tests.contract.asking import assert_alike, shown
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds


def plain(period: Period) -> Any:
    """A period as the oracle has it."""
    lines = [(line.name, shown(line.group), line.values, line.total) for line in period.lines]
    return [(slot.label, slot.whole) for slot in period.slots], lines


def ask(question: Trends, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it."""
    answer = trends.answer(question, snapshot)
    periods = [answer.current] + ([answer.previous] if answer.previous else [])
    return [plain(period) for period in periods]


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_insights.trends, QUESTIONS).drawn(WORLD))
def test_trends_are_what_a_look_at_each_event_gives(engines: Any, world: Any) -> None:
    """Any series, breakdown, window, formula and comparison, in any zone: the same numbers."""
    assert_alike(engines, world, ask, oracle_trends.answer)
