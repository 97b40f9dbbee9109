"""What producers say of the numbers of their events, and what became of those numbers.

A producer is one run of one sender: it numbers its events from 1. A range is (first, last), both
in it. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from djangalytics_server.model.event import MICROSECONDS

HIGHEST_NUMBER = 2**53
"""No number or count of a producer is higher: every reader of JSON holds it exactly."""

PATIENCE = 300 * MICROSECONDS
"""How long a number that is not in may be on its way before it is missing."""

Range = tuple[int, int]
State = Literal["complete", "on_the_way", "dropped", "missing"]
STATES: tuple[State, ...] = ("complete", "on_the_way", "dropped", "missing")


@dataclass(frozen=True, slots=True)
class Numbering:
    """What came with a batch: who numbered its events, and how.

    ``arrived`` are the numbers of the batch's events, in order, and ``dropped`` those that the
    sender gave up. ``tracked`` is the highest number given so far. ``lost`` are counts by reason
    since the producer began.
    """

    producer_id: str
    host: str
    process: str
    started_at: int
    tracked: int
    arrived: tuple[Range, ...]
    dropped: tuple[Range, ...] = ()
    lost: Mapping[str, int] = field(default_factory=dict)


class Counts(NamedTuple):
    """What became of numbers: of one producer, or of all of a project.

    tracked == received + missing + on_the_way + dropped. ``repeated`` came again, ``late`` came
    after a higher one. ``unplaced`` may be repeats or may be among the missing: it is above zero
    only after a producer had more gaps than are kept apart.
    """

    tracked: int = 0
    received: int = 0
    missing: int = 0
    on_the_way: int = 0
    dropped: int = 0
    repeated: int = 0
    late: int = 0
    unplaced: int = 0


@dataclass(frozen=True, slots=True)
class Producer:
    """One producer and the numbers that are missing; ``untold`` of those are in no range."""

    producer_id: str
    host: str
    process: str
    started_at: int
    first_seen: int
    last_seen: int
    counts: Counts
    lost: Mapping[str, int]
    missing_ranges: tuple[Range, ...] = ()
    untold: int = 0

    @property
    def state(self) -> State:
        """One word for it; the worst that is true."""
        if self.counts.missing:
            return "missing"
        if self.counts.dropped or any(self.lost.values()):
            return "dropped"
        return "on_the_way" if self.counts.on_the_way else "complete"


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A question: the producers of a project heard most recently, in one state or all."""

    project_id: int
    now: int
    limit: int = 50
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The answer: sums over all producers there ever were, and some of them, newest first.

    ``merged`` of the ``producers`` are so old that only their sums are kept. ``unreadable`` counts
    events whose numbers could not be read, by code.
    """

    totals: Counts
    lost: Mapping[str, int]
    unreadable: Mapping[str, int]
    producers: int
    merged: int
    newest: tuple[Producer, ...]
    more: bool
