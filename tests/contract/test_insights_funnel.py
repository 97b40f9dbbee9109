"""Funnels on every engine, person for person against the oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from djangalytics_server.model.funnel import Funnel, FunnelLine
from djangalytics_server.query import funnel
from djangalytics_server.store.base import Snapshot
from tests import oracle_funnel, strategies_insights
from tests.contract.asking import assert_alike, shown
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds


def plain(line: FunnelLine, *, total: bool = False) -> Any:
    """A line as the oracle has it."""
    steps = [
        (s.people, s.average, s.median, s.average_from_start, s.median_from_start)
        for s in line.steps
    ]
    key = "other" if line.group.other else shown(line.group)
    return None if total else key, tuple(steps), line.bins


def ask(question: Funnel, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it."""
    answer = funnel.answer(question, snapshot)
    total = plain(answer.total, total=True)
    return total, [plain(line) for line in answer.lines], answer.people


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_insights.funnels, QUESTIONS).drawn(WORLD))
def test_funnels_are_what_a_walk_from_each_event_gives(engines: Any, world: Any) -> None:
    """Any order, window, exclusion, breakdown and list of people: the same on every engine."""
    assert_alike(engines, world, ask, oracle_funnel.answer)
