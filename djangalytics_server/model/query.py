"""Questions and answers. Times are microseconds since 1970 UTC; steps and grains are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from djangalytics_server.model.query_filter import Filter

Interval = Literal["minute", "hour", "day", "week", "month"]
Order = Literal["arrival", "timestamp"]


class Mark(NamedTuple):
    """An event's place in the order of ``timestamp``: of those at one time, that of arrival."""

    timestamp: int
    id: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The dashboard's question: how much of what, and when.

    ``start`` is inclusive, ``end`` exclusive; None means open. ``zone`` is an IANA name that is
    known to exist. An empty ``event_names`` means all of them.
    """

    project_id: int
    zone: str
    interval: Interval = "day"
    start: int | None = None
    end: int | None = None
    event_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of raw events, newest first by arrival; by ``timestamp`` those of the latest time.

    ``before`` is the id the page ends below (the cursor); ``after`` the id it starts above.
    ``below`` is the cursor of a page by ``timestamp``, which has neither of them, nor ``search``.
    """

    project_id: int
    limit: int = 50
    before: int | None = None
    after: int | None = None
    start: int | None = None
    end: int | None = None
    event_names: tuple[str, ...] = ()
    distinct_id: str | None = None
    session_id: str | None = None
    source: str | None = None
    search: str | None = None
    filter: Filter | None = None
    order: Order = "arrival"
    below: Mark | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of time that one source can count.

    ``grain`` is the rollup's (seconds), or None to scan raw events. ``offset`` is the zone's
    distance from UTC in seconds, constant over the segment.
    """

    start: int
    end: int
    offset: int
    grain: int | None


@dataclass(frozen=True, slots=True)
class CountPlan:
    """How to count events by name and local bucket: the segments cover the range exactly.

    ``step`` is the length of a local bucket in seconds, or None for one bucket in all.
    """

    project_id: int
    segments: tuple[Segment, ...]
    step: int | None = None
    event_names: tuple[str, ...] = ()


class Count(NamedTuple):
    """Events of one name in one bucket; ``bucket`` is the local index, ``offset`` its zone's."""

    bucket: int
    offset: int
    event_name: str
    events: int


class StoredEvent(NamedTuple):
    """A raw event as it stands in the store: the row itself; ``properties`` is JSON text."""

    id: int
    insert_id: str
    event_name: str
    timestamp: int
    received_at: int
    properties: str
    distinct_id: str | None
    session_id: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """What became of everything ever sent to a project; ``reasons`` most frequent first."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class StatsAnswer:
    """The answer to ``Stats``: labels are local dates, or local RFC 3339 for hours and minutes.

    ``starts`` lists every interval of the range in order; it is empty when the range is open
    and nothing was counted, or when there are more than the published number of points.
    """

    question: Stats
    daily: tuple[tuple[str, str, int], ...] = ()
    totals: tuple[tuple[str, int], ...] = ()
    recent: tuple[StoredEvent, ...] = ()
    starts: tuple[str, ...] = ()
    verdicts: VerdictCounts = field(default_factory=VerdictCounts)

    @property
    def total(self) -> int:
        """Events in the range, over all names asked for."""
        return sum(count for _, count in self.totals)
