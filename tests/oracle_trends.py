"""Trends in plain Python: every event is asked where it belongs, every number is added exactly."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.trends import Series, Trends
from tests import oracle
from tests.oracle_filters import ABSENT, kind, passes, value_of

SECOND = 1_000_000
STEPS = {"minute": 30, "hour": 30, "day": 3_600, "week": 3_600, "month": 3_600}
"""How many seconds to walk at a time, so that no interval is missed where clocks are left alone."""
DAYS = {"minute": 1, "hour": 1, "day": 1, "week": 7, "month": 31}

Key = tuple[tuple[str, Any], ...]
"""The kinds and values of a group; None in its place is all the others."""


@lru_cache(maxsize=100_000)
def label(moment: int, zone: str, interval: str, sunday: bool = False) -> str:
    """The interval of a moment."""
    if interval == "week" and sunday:
        day = date.fromisoformat(oracle.label(moment, zone, "day"))
        return (day - timedelta(days=day.isoweekday() % 7)).isoformat()
    return oracle.label(moment, zone, interval)


def walk(question: Any, start: int, end: int) -> list[str]:
    """Every interval from start to end, in order, by looking again and again.

    Where clocks went back over midnight some of a day comes before the rest of the day before: so
    dates are put in order, and of an hour in which clocks were changed every second is looked at.
    """
    if start >= end:
        return []
    step = STEPS[question.interval] * SECOND
    moments = [*range(start, end, step), end - 1]
    if step < 3_600 * SECOND:
        return list(dict.fromkeys(named(question, moment) for moment in moments))
    for low, high in list(itertools.pairwise(moments)):
        if offset(low, question.zone) != offset(high, question.zone):
            moments += range(low, high, SECOND)
    return sorted({named(question, moment) for moment in moments})


@lru_cache(maxsize=100_000)
def offset(moment: int, zone: str) -> timedelta | None:
    """How far the zone's clocks are from UTC."""
    return datetime.fromtimestamp(moment // SECOND, ZoneInfo(zone)).utcoffset()


def beside(question: Any, start: int, end: int) -> set[str]:
    """The intervals that have more than lies from start to end."""
    if STEPS[question.interval] < 3_600:
        return {named(question, start - 1), named(question, end)}
    far = 48 * 3_600 * SECOND
    return {*walk(question, start - far, start), *walk(question, end, end + far)}


def named(question: Any, moment: int) -> str:
    return label(moment, question.zone, question.interval, question.sunday)


def answer(question: Trends, events: Sequence[StoredEvent]) -> Any:
    """[(intervals, lines)] of the range and of the previous one."""
    spans = [question.span] + ([question.previous] if question.previous else [])
    looked = [Looked(question, span, events) for span in spans]
    order = groups(question, looked)
    return [(look.slots(), look.lines(order)) for look in looked]


class Looked:
    """One range."""

    def __init__(self, question: Trends, span: Any, events: Sequence[StoredEvent]) -> None:
        self.question, self.span = question, span
        start, end = span
        self.labels = walk(question, start, end)
        self.all_labels = self.labels
        self.inside = [e for e in events if start <= e.timestamp < end]
        self.seen = self.inside
        if question.rolling > 1 and self.labels:
            far = start - (question.rolling + 2) * DAYS[question.interval] * 86_400 * SECOND
            known = walk(question, max(far, start - 40 * 3_600 * SECOND), end)
            if question.interval in ("day", "week", "month"):
                known = walk(question, far, end)
            self.all_labels = known[-len(self.labels) - question.rolling + 1 :]
            earlier = [e for e in events if e.timestamp < end]
            self.seen = [e for e in earlier if named(question, e.timestamp) in self.all_labels]

    def slots(self) -> list[tuple[str, bool]]:
        """Label, and whether all of the interval lies in the range and in the past."""
        start, end = self.span
        question = self.question
        beyond = beside(question, start, end) | {named(question, question.now)}
        beyond.update(walk(question, max(start, question.now), end))
        return [(label, label not in beyond) for label in self.labels]

    def of(self, series: Series, events: Sequence[StoredEvent]) -> list[StoredEvent]:
        """The events that a series is about."""
        return [
            event
            for event in events
            if series.event_name in (None, event.event_name)
            and passes(event, series.filter)
            and passes(event, self.question.filter)
        ]

    def lines(self, order: list[Key | None]) -> list[Any]:
        """Name, group, values and total."""
        question = self.question
        rows = [[self.row(series, key, order) for key in order] for series in question.series]
        lines = [
            ("ABCDEFGHIJ"[place], key, *rows[place][at])
            for place in range(len(rows))
            for at, key in enumerate(order)
        ]
        for number, formula in enumerate(question.formulas, 1):
            for at, key in enumerate(order):
                columns = zip(*(row[at][0] for row in rows), strict=True)
                values = tuple(calculated(formula.text, column) for column in columns)
                totals = [row[at][1] for row in rows]
                total = calculated(formula.text, totals) if question.totals else None
                lines.append((f"F{number}", key, values, total))
        return lines

    def row(self, series: Series, key: Key | None, order: list[Key | None]) -> Any:
        """The values and the total of one series in one group."""

        def mine(events: Iterable[StoredEvent]) -> list[StoredEvent]:
            found = [(event, key_of(self.question, event)) for event in events]
            if key is None:
                return [event for event, its in found if its not in order]
            return [event for event, its in found if its == key]

        events = mine(self.of(series, self.seen))
        values = []
        for at in range(len(self.labels)):
            window = self.all_labels[at : at + self.question.rolling]
            if self.question.cumulative:
                window = self.labels[: at + 1]
            covered = [e for e in events if named(self.question, e.timestamp) in window]
            values.append(measured(series, covered))
        total = None
        if self.question.totals:
            of_people = series.measure in ("people", "per_person")
            inside = events
            if of_people or self.question.rolling == 1:
                inside = mine(self.of(series, self.inside))
            else:
                inside = [e for e in events if named(self.question, e.timestamp) in self.labels]
            total = measured(series, inside)
        return tuple(values), total


def key_of(question: Any, event: StoredEvent) -> Key:
    """The group of an event."""
    found = []
    for subject in question.breakdown:
        value = value_of(event, subject)
        if value is ABSENT or value is None:
            found.append(("null", None))
        elif isinstance(value, (list, dict)):
            written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            found.append(("json", written))
        else:
            names = {"number": "number", "truth": "boolean"}
            found.append((names.get(kind(value), "text"), value))
    return tuple(found)


def groups(question: Trends, looked: Sequence[Looked]) -> list[Key | None]:
    """The groups in their order."""
    if not question.breakdown:
        return [()]
    inside: Counter[Key] = Counter()
    outside: Counter[Key] = Counter()
    for look in looked:
        here = look is looked[0]
        labels = set(look.labels)
        for series in question.series:
            for event in look.of(series, look.seen):
                within = here and named(question, event.timestamp) in labels
                (inside if within else outside)[key_of(question, event)] += 1
    every = sorted({*inside, *outside}, key=lambda k: (-inside[k], -outside[k], k))
    return every if len(every) <= question.groups else [*every[: question.groups], None]


def calculated(text: str, values: Sequence[Any]) -> Any:
    """A formula, by Python itself."""
    names = dict(zip("ABCDEFGHIJ", values, strict=False))
    if any(letter in text and value is None for letter, value in names.items()):
        return None
    floats = {letter: float(value) for letter, value in names.items() if value is not None}
    try:
        found = float(eval(text, {"__builtins__": {}}, floats))
    except (ZeroDivisionError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def measured(series: Series, events: Sequence[StoredEvent]) -> Any:
    """One number of a list of events."""
    people = {event.distinct_id for event in events} - {None}
    if series.measure == "count":
        return len(events)
    if series.measure == "people":
        return len(people)
    if series.measure == "per_person":
        known = [event for event in events if event.distinct_id is not None]
        return len(known) / len(people) if people else None
    found = [json.loads(event.properties).get(series.property, ABSENT) for event in events]
    return of_numbers(series.measure, sorted(v for v in found if kind(v) == "number"))


def of_numbers(measure: str, found: list[Any]) -> Any:
    """One number of a sorted list of them."""
    total = sum((Fraction(value) for value in found), Fraction())
    if measure == "sum":
        return int(total) if all(isinstance(v, int) for v in found) else rounded(total)
    if not found:
        return None
    if measure == "avg":
        return rounded(total / len(found))
    if measure in ("min", "max"):
        return found[0] if measure == "min" else found[-1]
    percent = {"median": 50, "p90": 90, "p95": 95, "p99": 99}[measure]
    rank = Fraction((len(found) - 1) * percent, 100)
    low, high = found[math.floor(rank)], found[math.ceil(rank)]
    if low == high:  # a value that was sent is told to its last digit
        return low
    between = (Fraction(high) - Fraction(low)) * (rank - math.floor(rank))
    return rounded(Fraction(low) + between)


def rounded(exact: Fraction) -> Any:
    """The nearest double, if there is one."""
    try:
        return float(exact)
    except OverflowError:
        return None
