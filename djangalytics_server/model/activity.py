"""How people's activity spreads over intervals: stickiness and lifecycle."""

from __future__ import annotations

from dataclasses import dataclass

from djangalytics_server.model.insight import Kind, Range, Slot
from djangalytics_server.model.query_filter import Filter
from djangalytics_server.model.retention import Period

MOST_INTERVALS = 366


@dataclass(frozen=True, slots=True)
class Spread:
    """What both questions share: people are active in an interval with an event of ``kind``."""

    project_id: int
    zone: str
    interval: Period
    span: Range
    kind: Kind
    now: int
    sunday: bool = False
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Stickiness:
    """In how many of the range's intervals people were active."""

    spread: Spread


@dataclass(frozen=True, slots=True)
class StickinessAnswer:
    """``people`` has for 1, 2, 3 … intervals how many were active in exactly so many."""

    question: Stickiness
    slots: tuple[Slot, ...]
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Who is new in an interval, who stays, who comes back and who has gone."""

    spread: Spread


@dataclass(frozen=True, slots=True)
class Stage:
    """The people of one interval: ``new`` were never active before, ``returning`` were in the
    interval before, ``resurrecting`` only before that; ``dormant`` were in the one before and are
    not in this.
    """

    new: int
    returning: int
    resurrecting: int
    dormant: int


@dataclass(frozen=True, slots=True)
class LifecycleAnswer:
    """One stage a slot."""

    question: Lifecycle
    slots: tuple[Slot, ...]
    stages: tuple[Stage, ...]
