"""Retention on every engine, person for person against the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from djangalytics_server.model.insight import Kind
from djangalytics_server.model.retention import Column, Retention, RetentionLine
from djangalytics_server.query import retention
from djangalytics_server.store.base import Snapshot
from tests import oracle_retention, strategies_filters, strategies_insights
from tests.contract.asking import assert_alike
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds
from tests.contract.making import NOW, event
from tests.strategies_insights import DAY


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


@pytest.mark.parametrize("first_time", [False, True])
def test_who_comes_every_day_begins_anew_every_day(engines: Any, first_time: bool) -> None:
    """They are in each day's cohort, or in that of the first day alone if that is asked."""
    made = [event("", at=NOW + day * DAY, distinct_id="ada") for day in range(4)]
    day_one = NOW - NOW % DAY
    every, columns = Kind(None), tuple(Column(at, at) for at in range(3))
    question = Retention(
        1, "UTC", "day", (day_one, day_one + 4 * DAY), every, every, columns, NOW + 9 * DAY,
        first_time=first_time,
    )  # fmt: skip
    expected = [1, 0, 0, 0] if first_time else [1, 1, 1, 1]
    for engine in engines:
        with engine.fresh() as store:
            store.append(strategies_filters.submitted(made))
            with store.snapshot() as snapshot:
                cohorts = retention.answer(question, snapshot).total.cohorts
        assert [cohort.people for cohort in cohorts] == expected
