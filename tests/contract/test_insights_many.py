"""Every insight over a thousand events: people by the dozen, blocks of many, what came late."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from djangalytics_server.model.event import Event
from tests import oracle_cohorts, strategies_cohorts
from tests.contract import test_insights_cohorts
from tests.contract.asking import assert_alike
from tests.contract.engines import BlocksEngine
from tests.strategies import EDGES, SECOND
from tests.strategies_filters import NAMES, PROPERTIES
from tests.strategies_insights import DAY

EVENTS = 1_200
QUESTIONS = 12
INSIGHTS = {
    **test_insights_cohorts.INSIGHTS,
    "cohort": (
        strategies_cohorts.questions,
        test_insights_cohorts.ask,
        oracle_cohorts.answer,
    ),
}


def crowd(chance: random.Random, edge: int) -> list[Event]:
    """Events of some weeks around a moment by people of whom some come often; a tenth are late."""
    values = ("pro", "free", 1, 2.5, True, None)
    made = []
    for _ in range(EVENTS):
        properties = {name: chance.choice(values) for name in chance.sample(PROPERTIES, 2)}
        person = int(90 * chance.random() ** 2)
        made.append(
            Event(
                project_id=1,
                insert_id="",
                event_name=NAMES[int(len(NAMES) * chance.random() ** 2)],
                timestamp=max(0, edge + int(chance.gauss(0, 6) * DAY)),
                received_at=1_790_000_000 * SECOND,
                properties=json.dumps(properties, ensure_ascii=False, separators=(",", ":")),
                distinct_id=f"p{person}" if person else None,
                session_id=f"s{person}" if chance.random() < 0.2 else None,
                source=chance.choice(("web", "ios", None)),
            )
        )
    made.sort(key=lambda event: event.timestamp)
    for place in chance.sample(range(EVENTS), EVENTS // 10):
        made.append(made.pop(place))
    return made


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", INSIGHTS)
def test_many_events_are_told_as_a_naive_count_tells_them(
    engines: Any, kind: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions as they are made up for few events: the same on every engine."""
    monkeypatch.setattr(BlocksEngine, "size", 61)
    chance = random.Random(f"{kind} {seed}")
    edge = chance.choice([edge for edge in EDGES if edge > 60 * 86_400]) * SECOND
    questions, ask, oracle = INSIGHTS[kind]
    made = crowd(chance, edge)
    asked = [questions(edge).make(iter(chance.randbytes(600))) for _ in range(QUESTIONS)]
    assert_alike(engines, (made, asked), ask, oracle)
