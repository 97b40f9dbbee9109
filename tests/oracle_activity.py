"""Stickiness and lifecycle in plain Python: each person is asked about each interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from djangalytics_server.model.activity import Lifecycle, Stickiness
from djangalytics_server.model.query import StoredEvent
from tests.oracle_filters import passes
from tests.oracle_retention import is_kind
from tests.oracle_trends import DAYS, SECOND, named, walk


def answer(question: Stickiness | Lifecycle, events: Sequence[StoredEvent]) -> Any:
    """Numbers of people."""
    spread = question.spread
    mine = [e for e in events if passes(e, spread.filter) and is_kind(e, spread.kind)]
    mine = [e for e in mine if e.distinct_id is not None and e.timestamp < spread.span[1]]
    labels = walk(spread, *spread.span)
    people = {event.distinct_id for event in mine}
    if isinstance(question, Stickiness):
        inside = [e for e in mine if e.timestamp >= spread.span[0]]
        spreads = [
            len({named(spread, e.timestamp) for e in inside if e.distinct_id == person})
            for person in people
        ]
        return tuple(spreads.count(number) for number in range(1, len(labels) + 1))
    far = spread.span[0] - 3 * DAYS[spread.interval] * 86_400 * SECOND
    labels = walk(spread, far, spread.span[1])[-len(labels) - 1 :]
    return [stage(spread, mine, people, labels, at) for at in range(1, len(labels))]


def stage(
    spread: Any, mine: Sequence[StoredEvent], people: set[Any], labels: Sequence[str], at: int
) -> tuple[int, int, int, int]:
    """New, returning, resurrecting and dormant people of one interval."""
    found = {"new": 0, "returning": 0, "resurrecting": 0, "dormant": 0}
    for person in people:
        active = {named(spread, e.timestamp) for e in mine if e.distinct_id == person}
        before = {label for label in active if label < labels[at]}
        if labels[at] in active:
            word = "returning" if labels[at - 1] in active else "resurrecting" if before else "new"
            found[word] += 1
        elif labels[at - 1] in active:
            found["dormant"] += 1
    return tuple(found.values())
