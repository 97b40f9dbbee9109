"""The distribution of a property in plain Python: every event is asked for its value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from djangalytics_server.model.distribution import Distribution
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.query_filter import Property
from tests.oracle_filters import kind, passes, value_of
from tests.oracle_retention import is_kind
from tests.oracle_trends import Key, key_of, of_numbers, rounded

MEASURES = ("sum", "avg", "min", "median", "p90", "p95", "p99", "max")


@dataclass
class _Broken:
    breakdown: tuple[Any, ...]


def answer(question: Distribution, events: Sequence[StoredEvent]) -> Any:
    """Events, different values, the most frequent of them, and the numbers."""
    start, end = question.span
    mine = [
        event
        for event in events
        if start <= event.timestamp < end
        and passes(event, question.filter)
        and is_kind(event, question.kind)
    ]
    counts: Counter[Key] = Counter(key_of(_Broken((question.subject,)), e) for e in mine)
    order = sorted(counts, key=lambda key: (-counts[key], key))
    told = [(key, counts[key]) for key in order[: question.groups]]
    if len(order) > question.groups:
        told.append((None, sum(counts[key] for key in order[question.groups :])))  # type: ignore[arg-type]
    found = [value_of(event, question.subject) for event in mine]
    numbers = sorted(v for v in found if kind(v) == "number")
    if not isinstance(question.subject, Property) or not numbers:
        return len(mine), len(counts), told, None
    measured = [of_numbers(measure, numbers) for measure in MEASURES]
    return len(mine), len(counts), told, (len(numbers), measured, bins(numbers, question.bins))


def bins(numbers: Sequence[Any], most: int) -> list[Any]:
    """From, to and how many, each number held against the exact edges."""
    low, high = Fraction(numbers[0]), Fraction(numbers[-1])
    if low == high:
        return [(numbers[0], numbers[-1], len(numbers))]
    edges = [low + (high - low) * Fraction(at, most) for at in range(most + 1)]
    shown = [numbers[0], *map(rounded, edges[1:-1]), numbers[-1]]
    tops = [*edges[1:-1], math.inf]
    return [
        (shown[at], shown[at + 1], sum(edges[at] <= Fraction(n) < tops[at] for n in numbers))
        for at in range(most)
    ]
