"""Funnels by people's numbers: portion by portion the same as a walk from each event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple
from unittest.mock import patch

from hypothesis import event, given, settings

from djangalytics_server.model.funnel import Exclusion, Funnel, Step
from djangalytics_server.model.insight import Run
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.query import funnel, groups, numbered_attempts
from djangalytics_server.query.numbered_attempts import NumberedAttempts
from tests import oracle_funnel
from tests import recipes as st
from tests.contract.test_insights_funnel import plain

PEOPLE = 5
NAMES = st.sampled_from("aabbccd")
EXCLUSIONS = st.tuples(st.sampled_from("abcdd"), st.integers(1, 3), st.integers(2, 4)).filter(
    lambda one: one[1] < one[2]
)


class Done(NamedTuple):
    """What happened: ties are in the order of their sources, then of this list."""

    time: int
    source: int
    person: int
    name: str


def _events(sources: int) -> st.Recipe[list[Done]]:
    one = st.builds(
        Done, st.integers(1, 40), st.integers(1, sources), st.integers(1, PEOPLE), NAMES
    )
    found = st.lists(one, min_size=10, max_size=60)
    return found.map(lambda some: sorted(some, key=lambda one: one[:2]))


EVENTS = st.one_of(_events(1), _events(2))
CUTS = st.lists(st.integers(2, 40), max_size=8).map(set)


@st.composite
def questions(draw: Any) -> Funnel:
    steps = draw(st.lists(NAMES, min_size=2, max_size=4))
    ends = [one for one in draw(st.lists(EXCLUSIONS, max_size=2)) if one[2] <= len(steps)]
    return Funnel(
        1,
        "UTC",
        (1, draw(st.integers(20, 41))),
        tuple(map(Step, steps)),
        window=draw(st.integers(0, 30)),
        exclusions=tuple(Exclusion(name, None, after, before) for name, after, before in ends),
    )


def _portions(question: Funnel, done: list[Done], cuts: set[int]) -> Iterator[list[Run]]:
    """The events as the store gives them: cut in time, and where nobody begins any more."""
    kinds = [step.event_name for step in question.steps]
    kinds += [one.event_name for one in question.exclusions]
    edges = sorted({*cuts, question.span[1]})
    places = Counter[int]()
    for _, portion in groupby(done, lambda one: sum(edge <= one.time for edge in edges)):
        runs: dict[tuple[int, int], Run] = {}
        for one in portion:
            bits = sum(1 << at for at, kind in enumerate(kinds) if kind == one.name)
            if not bits:
                continue
            run = runs.setdefault((bits, one.source), Run(bits, one.source, [], [], []))
            places[one.source] += 1
            mine = one.person, places[one.source], one.time
            for column, value in zip(run[2:], mine, strict=True):
                column.append(value)  # type: ignore[attr-defined]
        if runs:
            yield [*runs.values()]


@settings(max_examples=1_000)
@given(st.tuples(questions(), EVENTS, CUTS, st.sampled_from([1, 100])).drawn(400))
def test_portions_taken_by_number_are_what_a_walk_from_each_event_gives(
    made_up: tuple[Funnel, list[Done], set[int], int],
) -> None:
    """Where people do much in a portion, and where they do not; for steps of the same events, with
    exclusions, ties, and portions of several sources.
    """
    question, done, cuts, few = made_up
    attempts = NumberedAttempts(question, PEOPLE + 1)
    with patch.object(numbered_attempts, "_FEW", few):
        for portion in _portions(question, done, cuts):
            attempts.take(portion)
    found = funnel._line(question, groups.EVERYTHING, attempts.begun(), attempts.further())
    stored = [
        StoredEvent(at, str(at), one.name, one.time, 0, "{}", str(one.person), None, None)
        for at, one in enumerate(done)
    ]
    event(f"furthest step: {sum(step.people > 0 for step in found.steps)}")
    assert oracle_funnel.answer(question, stored)[0] == plain(found, total=True)
