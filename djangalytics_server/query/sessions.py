"""Sessions: counted by the interval and the group in which they begin."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from operator import itemgetter

from djangalytics_server.model.insight import Group, Raw, Slot, Stream
from djangalytics_server.model.sessions import (
    COUNTS,
    LENGTHS,
    SessionLine,
    Sessions,
    SessionsAnswer,
    Typical,
    Visited,
)
from djangalytics_server.query import groups, intervals
from djangalytics_server.query.visits import VALUES, Visit, Visits, around
from djangalytics_server.store.base import Snapshot

_SECOND = 1_000_000
_Visit = Visit[tuple[Raw, ...]]
"""A session with what its first event says of the breakdown."""
_values = itemgetter(VALUES)


def answer(question: Sessions, snapshot: Snapshot) -> SessionsAnswer:
    """Find the sessions, then look at all of them and at each group."""
    where = question.interval, question.zone, question.sunday
    slots = intervals.cut(*where, question.span, question.now)
    visits, without = _visits(question, snapshot)
    begins = sorted((low, at) for at, slot in enumerate(slots) for low, _ in slot.ranges)
    total = _line(groups.EVERYTHING, visits, slots, begins)
    lines: tuple[SessionLine, ...] = ()
    if question.breakdown:
        counts = Counter(visit.carried for visit in visits)
        found = groups.counted(question.breakdown, counts, question.groups)
        members: list[list[_Visit]] = [[] for _ in found.shown]
        for visit in visits:
            members[found.of(visit.carried)].append(visit)
        pairs = zip(found.shown, members, strict=True)
        lines = tuple(_line(group, mine, slots, begins) for group, mine in pairs)
    return SessionsAnswer(question, tuple(slots), total, lines, without)


def _visits(question: Sessions, snapshot: Snapshot) -> tuple[list[_Visit], int]:
    """The sessions that begin in the range, and how many of its events are in none."""
    found = Visits[tuple[Raw, ...]](question.silence, _values)
    look = Stream(
        question.project_id,
        around(question.span),
        filter=question.filter,
        subjects=question.breakdown,
    )
    for _ in found.follow(snapshot.stream(look)):
        pass  # how many events a session has, and until when, is known once all are followed
    start, end = question.span
    return found.begun(question.span), sum(start <= time < end for time in found.homeless)


def _line(
    group: Group,
    visits: Sequence[_Visit],
    slots: Sequence[Slot],
    begins: Sequence[tuple[int, int]],
) -> SessionLine:
    """``visits`` are in order, ``begins`` has when each slot begins, in order too."""
    times = [visit.begin for visit in visits]
    lengths = [visit.end - visit.begin for visit in visits]
    counts = [visit.events for visit in visits]
    by_slot = [[0, 0, 0] for _ in slots]
    cuts = [bisect_left(times, low) for low, _ in begins]
    for (_, at), low, high in zip(begins, cuts, [*cuts[1:], len(times)], strict=True):
        slot = by_slot[at]
        slot[0] += high - low
        slot[1] += sum(lengths[low:high])
        slot[2] += sum(counts[low:high])
    by_length, by_count = Counter(lengths), Counter(counts)
    return SessionLine(
        group,
        len(visits),
        len({visit.person for visit in visits} - {None}),
        sum(counts),
        by_count[1],
        _typical(by_length, _SECOND),
        _typical(by_count, 1),
        _bins(by_length, LENGTHS, _SECOND),
        _bins(by_count, COUNTS, 1),
        tuple(
            Visited(n, _share(length, n * _SECOND), _share(events, n))
            for n, length, events in by_slot
        ),
    )


def _share(whole: int, of: int) -> float | None:
    return float(Fraction(whole, of)) if of else None


def _bins(found: Counter[int], tops: Sequence[int], unit: int) -> tuple[int, ...]:
    bins = [0] * (len(tops) + 1)
    for value, number in found.items():
        bins[bisect_left(tops, Fraction(value, unit))] += number
    return tuple(bins)


def _typical(found: Counter[int], unit: int) -> Typical:
    """What whole numbers are like, in units: exact, and rounded once."""
    total = found.total()
    if not total:
        return Typical()
    values = sorted(found)
    passed, reached = 0, []
    for value in values:
        passed += found[value]
        reached.append(passed)

    def percentile(percent: int) -> float:
        place, rest = divmod((total - 1) * percent, 100)
        low = values[bisect_right(reached, place)]
        high = values[bisect_right(reached, min(place + 1, total - 1))]
        return float((low + Fraction((high - low) * rest, 100)) / unit)

    average = Fraction(sum(value * n for value, n in found.items()), total * unit)
    largest = float(Fraction(values[-1], unit))
    return Typical(float(average), percentile(50), percentile(90), largest)
