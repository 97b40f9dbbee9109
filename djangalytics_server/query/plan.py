"""Which source counts which piece of time: the coarsest rollup that fits, raw events at edges."""

from __future__ import annotations

from collections.abc import Iterator

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.query import CountPlan, Interval, Segment, Stats
from djangalytics_server.query import zones

GRAINS = (DAY_SECONDS, 3_600, 900)
"""The buckets the rollup keeps, in seconds, coarsest first; the store keeps the same."""

STEPS: dict[Interval, int] = {
    "minute": 60,
    "hour": 3_600,
    "day": DAY_SECONDS,
    "week": DAY_SECONDS,
    "month": DAY_SECONDS,
}
"""Length of the local buckets that an interval is counted in; weeks and months sum days."""


def by_interval(question: Stats, start: int, end: int) -> CountPlan:
    """Count by name and local bucket over [start, end)."""
    step = STEPS[question.interval]
    first, last = start // MICROSECONDS, -(-end // MICROSECONDS)
    segments: list[Segment] = []
    for low, high, offset in zones.stretches(question.zone, first, last):
        grains = tuple(g for g in GRAINS if step % g == 0 and offset % g == 0)
        piece = max(start, low * MICROSECONDS), min(end, high * MICROSECONDS)
        segments.extend(_cover(*piece, offset, grains))
    return CountPlan(question.project_id, tuple(segments), step, question.event_names)


def _cover(start: int, end: int, offset: int, grains: tuple[int, ...]) -> Iterator[Segment]:
    """Cut [start, end) into what the coarsest grain can count and what is left at the edges."""
    if start >= end:
        return
    if not grains:
        yield Segment(start, end, offset, None)
        return
    length = grains[0] * MICROSECONDS
    low, high = -(-start // length) * length, end // length * length
    if low >= high:
        yield from _cover(start, end, offset, grains[1:])
        return
    yield from _cover(start, low, offset, grains[1:])
    yield Segment(low, high, offset, grains[0])
    yield from _cover(high, end, offset, grains[1:])
