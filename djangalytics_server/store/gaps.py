"""Sorted lists of gaps in the numbers of a producer, none of which overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from djangalytics_server.model.delivery import Range


class Gap(NamedTuple):
    """Numbers from ``first`` to ``last``, both in it; in seconds since 1970 UTC, since when."""

    first: int
    last: int
    since: int


def size(gaps: Sequence[Gap]) -> int:
    """How many numbers."""
    return sum([last - first + 1 for first, last, _ in gaps])


def cut(gaps: Sequence[Gap], hole: Range) -> tuple[list[Gap], list[Gap]]:
    """The gaps without the numbers of ``hole``, and the numbers that were cut out."""
    kept: list[Gap] = []
    out: list[Gap] = []
    low, high = hole
    for gap in gaps:
        first, last, since = gap
        if last < low or first > high:
            kept.append(gap)
            continue
        out.append(Gap(max(first, low), min(last, high), since))
        if first < low:
            kept.append(Gap(first, low - 1, since))
        if last > high:
            kept.append(Gap(high + 1, last, since))
    return kept, out


def without(whole: Range, gaps: Sequence[Gap], since: int) -> list[Gap]:
    """The numbers of ``whole`` that are in none of the gaps."""
    first, last = whole
    rest: list[Gap] = []
    for low, high, _ in gaps:
        if high < first or low > last:
            continue
        if low > first:
            rest.append(Gap(first, low - 1, since))
        first = high + 1
    if first <= last:
        rest.append(Gap(first, last, since))
    return rest


def join(gaps: Sequence[Gap], more: Sequence[Gap]) -> list[Gap]:
    """All of both, which have no number in common; those that touch are one, of the older time."""
    joined: list[Gap] = []
    for gap in sorted([*gaps, *more]):
        if joined and gap.first == joined[-1].last + 1:
            one = joined.pop()
            gap = Gap(one.first, gap.last, min(one.since, gap.since))
        joined.append(gap)
    return joined
