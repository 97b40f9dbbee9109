"""Retention on every engine, person for person against the oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from djangalytics_server.model.retention import Retention, RetentionLine
from djangalytics_server.query import retention
from djangalytics_server.store.base import Snapshot
from tests import oracle_retention, strategies_insights
from tests.contract.asking import assert_alike
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds


def plain(line: RetentionLine) -> Any:
    """A line as the oracle has it."""
    cohorts = [(c.slot.label, c.people, c.returned, c.over) for c in line.cohorts]
    return cohorts, list(line.average)


def ask(question: Retention, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it."""
    answer = retention.answer(question, snapshot)
    return [plain(line) for line in (answer.total, *answer.lines)]


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_insights.retentions, QUESTIONS).drawn(WORLD))
def test_retention_is_what_a_look_at_each_person_gives(engines: Any, world: Any) -> None:
    """Any interval, bracket, beginning and breakdown, in any zone: the same on every engine."""
    assert_alike(engines, world, ask, oracle_retention.answer)
