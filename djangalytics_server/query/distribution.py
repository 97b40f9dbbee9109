"""The values of a property: the most frequent, and what its numbers are like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

from djangalytics_server.model.distribution import (
    Bin,
    Distribution,
    DistributionAnswer,
    Numbers,
)
from djangalytics_server.model.insight import Raw, Scan
from djangalytics_server.model.query_filter import AllOf, Property
from djangalytics_server.model.trends import Measure, Number, Value
from djangalytics_server.query import groups, measures
from djangalytics_server.store.base import Snapshot

_MEASURES: tuple[Measure, ...] = ("sum", "avg", "min", "median", "p90", "p95", "p99", "max")


def answer(question: Distribution, snapshot: Snapshot) -> DistributionAnswer:
    """Count each value once, then look at the numbers among them."""
    parts = tuple(f for f in (question.filter, question.kind.filter) if f is not None)
    scan = Scan(
        question.project_id,
        ((question.span,),),
        question.kind.event_name,
        AllOf(parts) if parts else None,
        (question.subject,),
    )
    counts: Counter[tuple[Raw, ...]] = Counter()
    for cell in snapshot.scan(scan):
        if not isinstance(cell.group, int):
            counts[cell.group] += cell.events
    every = groups.counted((question.subject,), counts, len(counts))
    told_apart = groups.counted((question.subject,), counts, question.groups)
    events = [0] * len(told_apart.shown)
    for place, number in counts.items():
        events[told_apart.of(place)] += number
    return DistributionAnswer(
        question,
        counts.total(),
        len(every.shown),
        tuple(zip(told_apart.shown, events, strict=True)),
        _numbers(question, counts),
    )


def _numbers(question: Distribution, counts: Mapping[tuple[Raw, ...], int]) -> Numbers | None:
    if not isinstance(question.subject, Property):
        return None  # fields are text
    texts = Counter({raw: n for (raw,), n in counts.items() if raw and raw[0] in "-0123456789"})
    if not texts:
        return None
    tally = measures.Tally(numbers=texts)
    bins = _bins([(measures.number(text), n) for text, n in texts.items()], question.bins)
    measured = {measure: tally.value(measure) for measure in _MEASURES}
    return Numbers(texts.total(), **measured, bins=bins)


def _bins(found: list[tuple[Number, int]], most: int) -> tuple[Bin, ...]:
    """Equally wide bins from the least to the greatest number; one, if all are the same."""
    low, high = min(value for value, _ in found), max(value for value, _ in found)
    if low == high:
        return (Bin(low, high, sum(n for _, n in found)),)
    first, width = Fraction(low), (Fraction(high) - Fraction(low)) / most
    events: Counter[int] = Counter()
    for value, n in found:
        events[min(int((Fraction(value) - first) / width), most - 1)] += n
    edges: list[Value] = [low, *(float(first + width * at) for at in range(1, most)), high]
    return tuple(Bin(edges[at], edges[at + 1], events[at]) for at in range(most))
