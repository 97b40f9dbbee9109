"""Time in portions, cut so that in each only a few of the things that hold events are looked at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeVar

from djangalytics_server.model.insight import Range

Held = TypeVar("Held")
_LOOKS = 4
"""So often each is looked at, on average: time is cut at the first moments of as many."""

_in_order = attrgetter("low", "high", "first_id")


@dataclass(frozen=True, slots=True)
class Source(Generic[Held]):
    """What holds events: their first and last moment, their first id, and where they are."""

    low: int
    high: int
    first_id: int
    held: Held


def portions(
    sources: Iterable[Source[Held]], span: Range, also: Iterable[int] = ()
) -> Iterator[tuple[Range, list[Source[Held]]]]:
    """One portion of a span after the other, and whatever may have events in it; time is cut at
    the moments ``also``, too.
    """
    near = [source for source in sources if source.low < span[1] and source.high >= span[0]]
    near.sort(key=_in_order)
    cuts = sorted({*_cuts(near, span[0]), *(cut for cut in also if span[0] < cut < span[1])})
    at, open_ones = 0, list[Source[Held]]()
    for start, end in zip(cuts, [*cuts[1:], span[1]], strict=True):
        while at < len(near) and near[at].low < end:
            open_ones.append(near[at])
            at += 1
        open_ones = [source for source in open_ones if source.high >= start]
        yield (start, end), open_ones


def _cuts(sources: Sequence[Source[Held]], start: int) -> list[int]:
    """The moments at which portions begin."""
    cuts = [start, *sorted({source.low for source in sources if source.low > start})]
    while len(cuts) > 1:
        looks = (
            bisect_right(cuts, source.high) - bisect_right(cuts, source.low) + 1
            for source in sources
        )
        if sum(looks) <= _LOOKS * len(sources):
            break
        cuts = cuts[::2]
    return cuts
