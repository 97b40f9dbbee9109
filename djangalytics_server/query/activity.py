"""Stickiness and lifecycle: both count people by the intervals in which they were active."""

from __future__ import annotations

from collections import Counter

from djangalytics_server.model.activity import (
    Lifecycle,
    LifecycleAnswer,
    Spread,
    Stage,
    Stickiness,
    StickinessAnswer,
)
from djangalytics_server.model.insight import Range
from djangalytics_server.query import bits, intervals
from djangalytics_server.store.base import Snapshot


def stickiness(question: Stickiness, snapshot: Snapshot) -> StickinessAnswer:
    """People by the number of intervals they were active in."""
    spread = question.spread
    where = spread.interval, spread.zone, spread.sunday
    slots = intervals.cut(*where, spread.span, spread.now)
    people = Counter(
        active.bit_count()
        for active in _active(spread, snapshot, [slot.ranges for slot in slots]).values()
    )
    counts = tuple(people[number] for number in range(1, len(slots) + 1))
    return StickinessAnswer(question, tuple(slots), counts)


def lifecycle(question: Lifecycle, snapshot: Snapshot) -> LifecycleAnswer:
    """People by what they were before each interval."""
    spread = question.spread
    where = spread.interval, spread.zone, spread.sunday
    slots = intervals.cut(*where, spread.span, spread.now)
    ranges = [s.ranges for s in intervals.with_those_before(*where, spread.span, 1)]
    before: tuple[Range, ...] = ((0, max(0, ranges[0][0][0])),)
    # Bit 0 is all that came before, bit 1 the interval before the range's first.
    alike = Counter(_active(spread, snapshot, [before, *ranges]).values())
    stages = tuple(_stage(alike, place) for place in range(2, len(slots) + 2))
    return LifecycleAnswer(question, tuple(slots), stages)


def _stage(alike: Counter[int], place: int) -> Stage:
    found: Counter[str] = Counter()
    for active, people in alike.items():
        earlier = active & (1 << place) - 1
        just_before = bool(earlier >> place - 1)
        if active >> place & 1:
            word = "returning" if just_before else "resurrecting" if earlier else "new"
            found[word] += people
        elif just_before:
            found["dormant"] += people
    return Stage(found["new"], found["returning"], found["resurrecting"], found["dormant"])


def _active(spread: Spread, snapshot: Snapshot, ranges: list[tuple[Range, ...]]) -> dict[str, int]:
    return bits.of_people(snapshot, spread.project_id, spread.kind, spread.filter, ranges)
