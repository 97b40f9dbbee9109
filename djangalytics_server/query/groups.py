"""The groups of a breakdown: which there are, how they are shown, and which are told apart."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from djangalytics_server.model.insight import Cell, Chosen, Crowd, Group, Heads, Raw, Shown
from djangalytics_server.model.query_filter import MOST_NUMBER, Field, Subject

Place = tuple[Raw, ...]
"""The raw values of one cell."""

EVERYTHING = Group()


class Groups:
    """The groups that are told apart, in their order; the last may be *other*."""

    def __init__(self, shown: Sequence[Group], raws: Mapping[Group, set[Place]]) -> None:
        self.shown = tuple(shown)
        self._places = {
            raw: place for place, group in enumerate(shown) for raw in raws.get(group, ())
        }
        alike = [
            [frozenset(column) for column in zip(*raws[g], strict=True)]
            for g in shown
            if not g.other and g is not EVERYTHING
        ]
        self.chosen = Chosen(tuple(tuple(group) for group in alike))

    def place(self, cell: Cell | Crowd | Heads) -> int:
        """The group of a cell, by its place."""
        if isinstance(cell.group, int):
            return cell.group if cell.group >= 0 else len(self.shown) - 1
        return self.of(cell.group)

    def of(self, raws: Place) -> int:
        """The group of raw values, by its place."""
        return self._places.get(raws, len(self.shown) - 1)


def undivided() -> Groups:
    """What a question without breakdown has: one group of everything."""
    return Groups([EVERYTHING], {EVERYTHING: {()}})


def ranked(
    breakdown: Sequence[Subject], inside: Iterable[Cell], outside: Iterable[Cell], most: int
) -> Groups:
    """The most frequent groups of the cells inside the range, the rest in one.

    Of those that are as frequent there, the more frequent ``outside`` comes first: in the period
    to compare with, and before a rolling range.
    """
    return counted(breakdown, _summed(inside), most, _summed(outside))


def counted(
    breakdown: Sequence[Subject],
    inside: Counter[Place],
    most: int,
    outside: Counter[Place] | None = None,
) -> Groups:
    """The same of raw values and their numbers."""
    raws: dict[Group, set[Place]] = {}
    sums: tuple[Counter[Group], Counter[Group]] = Counter(), Counter()
    for sum_of, found in zip(sums, (inside, outside or Counter()), strict=True):
        for place, number in found.items():
            pairs = zip(breakdown, place, strict=True)
            group = Group(tuple(shown(subject, raw) for subject, raw in pairs))
            raws.setdefault(group, set()).add(place)
            sum_of[group] += number
    return Groups(told_apart(sums[0], most, sums[1]), raws)


def told_apart(
    inside: Counter[Group], most: int, outside: Counter[Group] | None = None
) -> list[Group]:
    """The most frequent groups in their order, the rest in one."""
    outside = outside or Counter()
    every = {*inside, *outside}
    order = sorted(every, key=lambda g: (-inside[g], -outside[g], _sorted_by(g)))
    return order if len(order) <= most else [*order[:most], Group(other=True)]


def _summed(cells: Iterable[Cell]) -> Counter[Place]:
    found: Counter[Place] = Counter()
    for cell in cells:
        if not isinstance(cell.group, int):
            found[cell.group] += cell.events
    return found


def shown(subject: Subject, raw: Raw) -> Shown:
    """A raw value as people see it."""
    if raw is None:
        return Shown("null", None)
    if isinstance(subject, Field):
        return Shown("text", raw)
    value: Any = json.loads(raw)
    if value is None:
        return Shown("null", None)
    if isinstance(value, bool):
        return Shown("boolean", value)
    if isinstance(value, str):
        return Shown("text", value)
    if not isinstance(value, (int, float)):
        return Shown("json", raw)
    whole = isinstance(value, float) and value.is_integer() and abs(value) <= MOST_NUMBER
    return Shown("number", int(value) if whole else value)


def _sorted_by(group: Group) -> tuple[tuple[str, Any], ...]:
    return tuple((shown.kind, shown.value) for shown in group.values)
