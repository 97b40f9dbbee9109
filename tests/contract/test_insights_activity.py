"""Stickiness and lifecycle on every engine, person for person against the oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from djangalytics_server.model.activity import Lifecycle, Stickiness
from djangalytics_server.query import activity
from djangalytics_server.store.base import Snapshot
from tests import oracle_activity, strategies_insights
from tests.contract.asking import assert_alike
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds

BOTH = 2 * QUESTIONS
"""Questions of a world, half of them of each kind on average."""


def ask(question: Stickiness | Lifecycle, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it."""
    if isinstance(question, Stickiness):
        return activity.stickiness(question, snapshot).people
    stages = activity.lifecycle(question, snapshot).stages
    return [(s.new, s.returning, s.resurrecting, s.dormant) for s in stages]


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_insights.activities, BOTH).drawn(WORLD))
def test_activity_is_what_a_look_at_each_person_gives(engines: Any, world: Any) -> None:
    """Any interval, zone and kind of event: the same on every engine."""
    assert_alike(engines, world, ask, oracle_activity.answer)
