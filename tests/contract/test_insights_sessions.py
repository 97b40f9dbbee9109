"""Sessions on every engine, one by one against the oracle."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from hypothesis import given, settings

from djangalytics_server.model.sessions import Sessions
from djangalytics_server.query import sessions
from djangalytics_server.store.base import Snapshot
from tests import oracle_sessions, strategies_insights
from tests.contract.asking import assert_alike, shown
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds


def ask(question: Sessions, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it."""
    found = sessions.answer(question, snapshot)
    lines = []
    for place, line in enumerate((found.total, *found.lines)):
        key = None if place == 0 else "other" if line.group.other else shown(line.group)
        rest = line.seconds, line.per_session
        lines.append(
            (
                key,
                line.sessions,
                line.people,
                line.events,
                line.bounced,
                *map(astuple, rest),
                line.lengths,
                line.counts,
                tuple(map(astuple, line.values)),
            )
        )
    return found.without, lines


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_insights.sessions, QUESTIONS).drawn(WORLD))
def test_sessions_are_what_a_look_at_each_gives(engines: Any, world: Any) -> None:
    """Any zone, interval, silence and breakdown: the same on every engine."""
    assert_alike(engines, world, ask, oracle_sessions.answer)
