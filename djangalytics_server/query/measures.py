"""From what was found to one number: exact, and rounded once, at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from djangalytics_server.model.insight import Cell, Crowd, Heads
from djangalytics_server.model.trends import Measure, Number, Value

OF_PEOPLE: frozenset[Measure] = frozenset({"people", "per_person"})
OF_NUMBERS: frozenset[Measure] = frozenset(
    {"sum", "avg", "min", "max", "median", "p90", "p95", "p99"}
)
"""Measures of a property; only events where it is a number count."""

_PERCENT = {"median": 50, "p90": 90, "p95": 95, "p99": 99}
_SCALE = 2**1074
"""Every double is a whole multiple of one part in this many."""


@dataclass
class Tally:
    """What was found in one group and slot, or in several slots together."""

    known: int = 0
    people: int = 0
    ids: set[str] = field(default_factory=set)
    numbers: Counter[str] = field(default_factory=Counter)

    def add(self, cell: Cell) -> None:
        """Take a number in, as often as it was found."""
        if cell.number is not None:
            self.numbers[cell.number] += cell.events

    def meet(self, crowd: Crowd) -> None:
        """Take people in, and keep who they are: other slots are to be added."""
        self.known += crowd.events
        self.ids |= crowd.people

    def count(self, heads: Heads) -> None:
        """Take in how many people there are, of whom none is counted yet."""
        self.known += heads.events
        self.people += heads.people

    def value(self, measure: Measure) -> Value:
        """The measure's number, or None where there is nothing to measure."""
        if measure in OF_PEOPLE:
            people = len(self.ids) or self.people
            if measure == "people":
                return people
            return self.known / people if people else None
        return _of_numbers(measure, [(number(text), n) for text, n in self.numbers.items()])


def together(tallies: Iterable[Tally]) -> Tally:
    """Several slots as one; people are those whose ids were kept."""
    found = Tally()
    for tally in tallies:
        found.known += tally.known
        found.ids |= tally.ids
        found.numbers.update(tally.numbers)
    return found


@lru_cache(maxsize=65_536)
def number(text: str) -> Number:
    """A number as JSON writes it."""
    return float(text) if set(text) & set(".eE") else int(text)


def _of_numbers(measure: Measure, found: list[tuple[Number, int]]) -> Value:
    if measure == "sum":
        return _rounded(_sum(found), whole=_all_whole(found))
    if not found:
        return None
    if measure == "avg":
        return _rounded(_sum(found) / sum(n for _, n in found), whole=False)
    if measure in ("min", "max"):
        values = (value for value, _ in found)
        return min(values) if measure == "min" else max(values)
    return _percentile(sorted(found), _PERCENT[measure])


def _sum(found: list[tuple[Number, int]]) -> Fraction:
    scaled = 0
    for value, n in found:
        above, below = value.as_integer_ratio()
        scaled += n * above * (_SCALE // below)
    return Fraction(scaled, _SCALE)


def _percentile(found: list[tuple[Number, int]], percent: int) -> Value:
    """By linear interpolation between the two nearest of the sorted values."""
    place, rest = divmod((sum(n for _, n in found) - 1) * percent, 100)
    low = _at(found, place)
    if not rest:
        return low
    high = _at(found, place + 1)
    step = (Fraction(high) - Fraction(low)) * Fraction(rest, 100)
    return low if low == high else _rounded(Fraction(low) + step, whole=False)


def _at(found: list[tuple[Number, int]], place: int) -> Number:
    for value, n in found:
        place -= n
        if place < 0:
            return value
    raise IndexError("beyond the last value")


def _all_whole(found: list[tuple[Number, int]]) -> bool:
    return all(isinstance(value, int) for value, _ in found)


def _rounded(exact: Fraction, *, whole: bool) -> Value:
    """The nearest double, or the whole number itself; None beyond what a double holds."""
    if whole:
        return int(exact)
    try:
        return float(exact)
    except OverflowError:
        return None
