"""Trends: look at each series, slot by slot, and fold what was found into lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from djangalytics_server.model.insight import Cell, Range, Scan, Slot
from djangalytics_server.model.query import CountPlan, Stats
from djangalytics_server.model.query_filter import AllOf, Field, Filter
from djangalytics_server.model.trends import (
    Line,
    Period,
    Series,
    Source,
    Trends,
    TrendsAnswer,
    Value,
)
from djangalytics_server.query import groups, intervals, plan
from djangalytics_server.query.formula import work_out
from djangalytics_server.query.groups import Groups
from djangalytics_server.query.measures import OF_NUMBERS, OF_PEOPLE, Tally, together
from djangalytics_server.store.base import Snapshot

_BY_NAME = (Field("event_name"),)
_SOURCES: dict[frozenset[bool], Source] = {
    frozenset(): "events",
    frozenset({False}): "events",
    frozenset({True}): "rollup",
    frozenset({True, False}): "rollup and events",
}
"""By whether people were counted beforehand."""


def answer(question: Trends, snapshot: Snapshot) -> TrendsAnswer:
    """The lines of the range, and of the one to compare with."""
    periods = [_Looked(question, question.span, snapshot)]
    if question.previous is not None:
        periods.append(_Looked(question, question.previous, snapshot))
    told_apart = _groups(question, periods)
    current, *others = (looked.period(told_apart) for looked in periods)
    sources = tuple(periods[0].source(series) for series in question.series)
    return TrendsAnswer(question, current, others[0] if others else None, sources)


def _groups(question: Trends, periods: Sequence[_Looked]) -> Groups:
    if not question.breakdown:
        return groups.undivided()
    inside: list[Cell] = []
    outside: list[Cell] = []
    for looked in periods:
        for series in question.series:
            for cell in looked.counted(series):
                here = looked is periods[0] and cell.slot >= looked.before
                (inside if here else outside).append(cell)
    return groups.ranked(question.breakdown, inside, outside, question.groups)


class _Looked:
    """One range of the question, and what was found there so far."""

    def __init__(self, question: Trends, span: Range, snapshot: Snapshot) -> None:
        self.question, self.span, self._snapshot = question, span, snapshot
        where = question.interval, question.zone, question.sunday
        self.slots = intervals.cut(*where, span, question.now)
        self.scanned = self.slots
        if question.rolling > 1 and self.slots:
            self.scanned = intervals.with_those_before(*where, span, question.rolling - 1)
        self.before = len(self.scanned) - len(self.slots)
        self._counts: dict[Series, list[Cell]] = {}
        self._counted: dict[Series, set[bool]] = {}

    def counted(self, series: Series) -> list[Cell]:
        """Events by slot and raw group."""
        alike = Series(series.event_name, filter=series.filter)
        if alike not in self._counts:
            by_rollup = is_rolled_up(self.question, alike)
            found = self._from_rollup(alike) if by_rollup else self._scan(self._scan_of(alike))
            self._counts[alike] = found
        return self._counts[alike]

    def period(self, told_apart: Groups) -> Period:
        """Every line; those of one series stand together, in the order of the groups."""
        question = self.question
        rows = [self._lines(series, told_apart) for series in question.series]
        lines = [
            Line(
                chr(ord("A") + place),
                series.label or series.event_name or "All events",
                group,
                *rows[place][at],
            )
            for place, series in enumerate(question.series)
            for at, group in enumerate(told_apart.shown)
        ]
        for number, formula in enumerate(question.formulas, 1):
            for at, group in enumerate(told_apart.shown):
                columns = zip(*(row[at][0] for row in rows), strict=True)
                values = tuple(work_out(formula.expression, column) for column in columns)
                totals = [row[at][1] for row in rows]
                total = work_out(formula.expression, totals) if question.totals else None
                lines.append(
                    Line(f"F{number}", formula.label or formula.text, group, values, total)
                )
        return Period(self.span, tuple(self.slots), tuple(lines))

    def _lines(self, series: Series, told_apart: Groups) -> list[tuple[tuple[Value, ...], Value]]:
        """For each group the values and the total."""
        if series.measure == "count":
            return self._count_lines(series, told_apart)
        windowed = self.question.rolling > 1 or self.question.cumulative
        tallies = self._tallied(series, told_apart, self.scanned, by_name=windowed)
        totals: list[Value] = [None] * len(told_apart.shown)
        if self.question.totals:
            totals = self._totals(series, told_apart, tallies)
        found = []
        for row, total in zip(tallies, totals, strict=True):
            windows = self._windows(row) if windowed else row
            found.append((tuple(tally.value(series.measure) for tally in windows), total))
        return found

    def _count_lines(
        self, series: Series, told_apart: Groups
    ) -> list[tuple[tuple[Value, ...], Value]]:
        """The same of counts, which are added up as they are."""
        rows = [[0] * len(self.scanned) for _ in told_apart.shown]
        place = told_apart.place
        for cell in self.counted(series):
            rows[place(cell)][cell.slot] += cell.events
        length = self.question.rolling
        found: list[tuple[tuple[Value, ...], Value]] = []
        for row in rows:
            values: tuple[Value, ...] = tuple(row)
            if self.question.cumulative:
                values = tuple(accumulate(row))
            elif length > 1:
                values = tuple(sum(row[at : at + length]) for at in range(len(self.slots)))
            found.append((values, sum(row[self.before :]) if self.question.totals else None))
        return found

    def _totals(
        self, series: Series, told_apart: Groups, tallies: Sequence[Sequence[Tally]]
    ) -> list[Value]:
        if series.measure in OF_PEOPLE:
            # Who came on two days is one person: the range is looked at as one slot.
            whole = [Slot("", (self.span,))]
            tallies = self._tallied(series, told_apart, whole, by_name=False)
            return [row[0].value(series.measure) for row in tallies]
        return [together(row[self.before :]).value(series.measure) for row in tallies]

    def _windows(self, row: Sequence[Tally]) -> list[Tally]:
        if self.question.cumulative:
            found = [Tally()]
            for tally in row:
                found.append(together([found[-1], tally]))
            return found[1:]
        length = self.question.rolling
        return [together(row[at : at + length]) for at in range(len(self.slots))]

    def _tallied(
        self, series: Series, told_apart: Groups, slots: Sequence[Slot], *, by_name: bool
    ) -> list[list[Tally]]:
        """By group and slot."""
        scan = self._scan_of(series, slots)
        if self.question.breakdown:
            scan = replace(scan, chosen=told_apart.chosen)
        found = [[Tally() for _ in slots] for _ in told_apart.shown]
        if series.measure in OF_NUMBERS:
            cells = self._scan(replace(scan, numbers_of=series.property))
            if not self.question.breakdown:  # there may be very many, and all are of one group
                numbers = [tally.numbers for tally in found[0]]
                for slot, _, number, events in cells:
                    numbers[slot][number or ""] += events
                return found
            for cell in cells:
                found[told_apart.place(cell)][cell.slot].add(cell)
        elif by_name:
            for crowd in self._snapshot.crowds(scan):
                found[told_apart.place(crowd)][crowd.slot].meet(crowd)
        else:
            for heads in self._snapshot.heads(scan):
                found[told_apart.place(heads)][heads.slot].count(heads)
                self._counted.setdefault(series, set()).add(heads.counted)
        return found

    def _scan_of(self, series: Series, slots: Sequence[Slot] | None = None) -> Scan:
        filters = [f for f in (self.question.filter, series.filter) if f is not None]
        filter: Filter | None = AllOf(tuple(filters)) if filters else None
        return Scan(
            self.question.project_id,
            tuple(slot.ranges for slot in (self.scanned if slots is None else slots)),
            series.event_name,
            filter,
            self.question.breakdown,
        )

    def _scan(self, scan: Scan) -> list[Cell]:
        bounds = self._snapshot.bounds(scan.project_id)
        if bounds is None:
            return []
        within = [[_within(r, bounds) for r in ranges] for ranges in scan.slots]
        cut = tuple(tuple(r for r in ranges if r[0] < r[1]) for ranges in within)
        return self._snapshot.scan(replace(scan, slots=cut))

    def _from_rollup(self, series: Series) -> list[Cell]:
        places = {slot.label: place for place, slot in enumerate(self.scanned)}
        interval, sunday = self.question.interval, self.question.sunday
        known: dict[tuple[int, int], int] = {}  # of the many rows of one bucket
        found = []
        for number, offset, name, events in self._snapshot.count(self._plan(series)):
            slot = known.get((number, offset))
            if slot is None:
                slot = places[intervals.label(interval, number, offset, sunday)]
                known[number, offset] = slot
            found.append(Cell(slot, (name,) if self.question.breakdown else (), None, events))
        return found

    def _plan(self, series: Series) -> CountPlan:
        start, end = self.span
        if self.scanned:
            start = self.scanned[0].ranges[0][0]
        names = () if series.event_name is None else (series.event_name,)
        where = self.question.project_id, self.question.zone, self.question.interval
        return plan.by_interval(Stats(*where, event_names=names), start, end)

    def source(self, series: Series) -> Source:
        """Where the numbers of a series come from."""
        if not is_rolled_up(self.question, series):
            return _SOURCES[frozenset(self._counted.get(series, ()))]
        grains = {segment.grain for segment in self._plan(series).segments}
        if grains == {None}:
            return "events"
        return "rollup and events" if None in grains else "rollup"


def is_rolled_up(question: Trends, series: Series) -> bool:
    """Whether the rollup, which knows names and times, can answer."""
    return (
        series.measure == "count"
        and series.filter is None
        and question.filter is None
        and question.breakdown in ((), _BY_NAME)
    )


def _within(span: Range, bounds: Range) -> Range:
    return max(span[0], bounds[0]), min(span[1], bounds[1])
