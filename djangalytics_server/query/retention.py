"""Retention: each person's intervals as bits of a number, counted by cohort.

Bit n of a person's number says that they were there in the n-th interval.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from djangalytics_server.model.insight import Group, Kind, Range, Raw, Slot, Walk
from djangalytics_server.model.retention import (
    Cohort,
    Column,
    Retention,
    RetentionAnswer,
    RetentionLine,
)
from djangalytics_server.query import bits, groups, intervals
from djangalytics_server.query.followed import Followed
from djangalytics_server.query.returns import Returns
from djangalytics_server.store.base import Snapshot

_BEFORE = -1
"""Of whoever began before the range: as if in every interval."""
_EVER = 2**62
"""Microseconds that lie after everything."""

_Found = dict[int, Counter[int]]
"""Cohort -> the numbers of its people's returns, the cohort's own interval lowest."""
_Place = tuple[Raw, ...]


def answer(question: Retention, snapshot: Snapshot) -> RetentionAnswer:
    """Who came back, by cohort and group."""
    looked = _Looked(question, snapshot)
    if looked.is_one_look:
        return RetentionAnswer(question, looked.followed())
    if not question.breakdown:
        line = looked.by_numbers()
        if line is not None:
            return RetentionAnswer(question, line)
        mine, returns = looked.begun_and_returns()
        begun = {(): mine}
        return RetentionAnswer(question, looked.line(groups.EVERYTHING, begun.values(), returns))
    returns = looked.returns()
    by_place = looked.begun_by_group()
    sizes = Counter({p: sum(b.bit_count() for b in who.values()) for p, who in by_place.items()})
    found = groups.counted(question.breakdown, sizes, question.groups)
    members: list[list[Mapping[str, int]]] = [[] for _ in found.shown]
    for place, who in by_place.items():
        members[found.of(place)].append(who)
    total = looked.line(groups.EVERYTHING, by_place.values(), returns)
    pairs = zip(found.shown, members, strict=True)
    lines = tuple(looked.line(group, mine, returns) for group, mine in pairs)
    return RetentionAnswer(question, total, lines)


class _Looked:
    """The question's intervals, and what is found in them."""

    def __init__(self, question: Retention, snapshot: Snapshot) -> None:
        self.question, self._snapshot = question, snapshot
        where = question.interval, question.zone, question.sunday
        self.cohorts = intervals.cut(*where, question.span, question.now)
        furthest = max(column.last or column.first for column in question.columns)
        self.slots = intervals.with_those_after(*where, question.span, furthest)

    @property
    def is_one_look(self) -> bool:
        """Whether cohorts can be followed as the intervals are looked at, one after the other."""
        question = self.question
        same = question.begin == question.come_back and not question.breakdown
        exact = all(column.first == column.last for column in question.columns)
        return same and exact and bool(self.cohorts)

    def followed(self) -> RetentionLine:
        """The cohorts of everybody, of such a question."""
        question = self.question
        before = ((0, max(0, question.span[0])),) if question.first_time else ()
        ranges = [before, *self._inside_and_after()]
        scan = bits.scan_of(question.project_id, question.begin, question.filter, ranges)
        offsets = [column.first for column in question.columns]
        found = Followed.nobody(len(self.cohorts), len(offsets))
        found.add(self._snapshot.anonymous(scan), offsets, once=question.first_time)
        cohorts = zip(self.cohorts, found.people, found.returned, strict=True)
        rows = [
            self._row(place, slot, people, tuple(returned))
            for place, (slot, people, returned) in enumerate(cohorts)
        ]
        return self._averaged(groups.EVERYTHING, rows)

    def _inside_and_after(self) -> list[tuple[Range, ...]]:
        """The cohorts' intervals, what of the last one lies beyond the range, and those after."""
        ranges = [slot.ranges for slot in self.cohorts]
        last, end = len(ranges) - 1, self.question.span[1]
        rest = tuple((max(low, end), high) for low, high in self.slots[last].ranges if high > end)
        return [*ranges, rest, *self._followed()[last + 1 :]]

    def by_numbers(self) -> RetentionLine | None:
        """The cohorts of everybody, of a question without a breakdown; None: better by ids."""
        question = self.question
        before = ((0, max(0, question.span[0])),) if question.first_time else ()
        inside = [before, *(slot.ranges for slot in self.cohorts)]
        scans = [
            bits.scan_of(question.project_id, kind, question.filter, ranges)
            for kind, ranges in ((question.begin, inside), (question.come_back, self._followed()))
        ]
        found = self._snapshot.numbered(*scans)
        if found is None:
            return None
        [_, seen], *begun = found[0]
        returns = Returns([people for _, people in found[1]])
        rows = []
        for place, (slot, (_, mine)) in enumerate(zip(self.cohorts, begun, strict=True)):
            if question.first_time:
                mine, seen = mine - seen, seen | mine
            returned = tuple(len(mine & returns.of(place, c)) for c in question.columns)
            rows.append(self._row(place, slot, len(mine), returned))
        return self._averaged(groups.EVERYTHING, rows)

    def begun_and_returns(self) -> tuple[dict[str, int], dict[str, int]]:
        """Person -> the cohorts they are in, and person -> the intervals with a return, as bits."""
        ranges = [slot.ranges for slot in self.cohorts]
        if self.question.begin != self.question.come_back or not ranges:
            return self._first(self._bits(self.question.begin, ranges)), self.returns()
        # The same events: looked at once, with the last cohort's interval in two parts, that
        # inside the range and the rest.
        last = len(ranges) - 1
        found = self._bits(self.question.begin, self._inside_and_after())
        inside, beyond = (1 << last + 1) - 1, 1 << last + 1
        returns = {
            person: bits & inside | (bits & beyond) >> 1 | (bits >> last + 2) << last + 1
            for person, bits in found.items()
        }
        return self._first(
            {p: bits & inside for p, bits in found.items() if bits & inside}
        ), returns

    def _first(self, found: dict[str, int]) -> dict[str, int]:
        """Only where people began for the first time, if that is asked."""
        if not self.question.first_time:
            return found
        before = self._bits(self.question.begin, [((0, max(0, self.question.span[0])),)])
        # The lowest bit alone: the first interval of those who had not begun before.
        return {person: mine & -mine for person, mine in found.items() if person not in before}

    def begun_by_group(self) -> dict[_Place, dict[str, int]]:
        """The same by the raw values of the event that makes a person part of the cohort: their
        first in the interval.
        """
        pieces = [(r, place) for place, slot in enumerate(self.cohorts) for r in slot.ranges]
        pieces.sort()
        starts = [piece[0][0] for piece in pieces]
        start, end = self.question.span
        first_time = self.question.first_time
        walk = Walk(
            self.question.project_id,
            (0 if first_time else start, end),
            (self.question.begin,),
            self.question.filter,
            breakdown=self.question.breakdown,
        )
        found: defaultdict[_Place, dict[str, int]] = defaultdict(dict)
        seen: dict[str, int] = {}
        for time, _, person, _, *raws in self._snapshot.walk(walk):
            known = seen.get(person, 0)
            if first_time and known:
                continue
            if time < start:
                seen[person] = _BEFORE
                continue
            bit = 1 << pieces[bisect_right(starts, time) - 1][1]
            if not known & bit:
                seen[person] = known | bit
                mine = found[tuple(raws)]
                mine[person] = mine.get(person, 0) | bit
        return dict(found)

    def returns(self) -> dict[str, int]:
        """Person -> the intervals with a return, as bits; one bit more for all that comes after."""
        return self._bits(self.question.come_back, self._followed())

    def _followed(self) -> list[tuple[Range, ...]]:
        ranges: list[tuple[Range, ...]] = [slot.ranges for slot in self.slots]
        if any(column.last is None for column in self.question.columns) and ranges:
            ranges.append(((ranges[-1][-1][1], _EVER),))
        return ranges

    def _bits(self, kind: Kind, ranges: Sequence[tuple[Range, ...]]) -> dict[str, int]:
        question = self.question
        return bits.of_people(self._snapshot, question.project_id, kind, question.filter, ranges)

    def line(
        self, group: Group, members: Iterable[Mapping[str, int]], returns: Mapping[str, int]
    ) -> RetentionLine:
        """The cohorts of some people."""
        alike: Counter[tuple[int, int]] = Counter()
        for begun in members:
            alike.update((mine, returns.get(person, 0)) for person, mine in begun.items())
        found: _Found = defaultdict(Counter)
        for (cohorts, back), people in alike.items():
            for cohort in bits.ones(cohorts):
                found[cohort][back >> cohort] += people
        rows = [self._cohort(place, slot, found) for place, slot in enumerate(self.cohorts)]
        return self._averaged(group, rows)

    def _averaged(self, group: Group, rows: Sequence[Cohort]) -> RetentionLine:
        average = [_average(rows, at) for at in range(len(self.question.columns))]
        return RetentionLine(group, tuple(rows), tuple(average))

    def _cohort(self, place: int, slot: Slot, found: _Found) -> Cohort:
        mine = found.get(place, Counter())
        returned = []
        for column in self.question.columns:
            mask = _mask(column)
            returned.append(sum(n for back, n in mine.items() if back & mask))
        return self._row(place, slot, mine.total(), tuple(returned))

    def _row(self, place: int, slot: Slot, people: int, returned: tuple[int, ...]) -> Cohort:
        over = tuple(self._is_over(place, column) for column in self.question.columns)
        return Cohort(slot, people, returned, over)

    def _is_over(self, place: int, column: Column) -> bool:
        at = place + (column.first if column.last is None else column.last)
        return at < len(self.slots) and self.slots[at].ranges[-1][1] <= self.question.now


def _mask(column: Column) -> int:
    if column.last is None:
        return -1 << column.first
    return (1 << column.last + 1) - (1 << column.first)


def _average(cohorts: Sequence[Cohort], at: int) -> float | None:
    over = [cohort for cohort in cohorts if cohort.over[at]]
    people = sum(cohort.people for cohort in over)
    return sum(cohort.returned[at] for cohort in over) / people if people else None
