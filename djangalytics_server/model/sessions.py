"""Sessions: how many visits there are, how long they last and what happens in them."""

from __future__ import annotations

from dataclasses import dataclass

from djangalytics_server.model.insight import Group, Range, Slot
from djangalytics_server.model.query import Interval
from djangalytics_server.model.query_filter import Filter, Subject

SILENCE_SECONDS = 1_800
MOST_SILENCE_SECONDS = 86_400
LENGTHS = (0, 10, 30, 60, 180, 600, 1_800, 3_600, 10_800)
"""Upper bounds of the bins of lengths, in seconds, each included in its bin."""
COUNTS = (1, 2, 3, 5, 10, 20, 50, 100)
"""The same of the number of events."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """The question, about sessions that begin in ``span``.

    More than ``silence`` microseconds without an event end a session that has no id.
    """

    project_id: int
    zone: str
    interval: Interval
    span: Range
    now: int
    silence: int = SILENCE_SECONDS * 1_000_000
    sunday: bool = False
    filter: Filter | None = None
    breakdown: tuple[Subject, ...] = ()
    groups: int = 10


@dataclass(frozen=True, slots=True)
class Typical:
    """What sessions are like in one respect; None where there are none."""

    average: float | None = None
    median: float | None = None
    p90: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Visited:
    """The sessions of one interval: how many, and seconds and events of one on average."""

    sessions: int
    seconds: float | None
    events: float | None


@dataclass(frozen=True, slots=True)
class SessionLine:
    """The sessions of one group. ``bounced`` are those of one event. ``lengths`` and ``counts``
    have one bin more than ``LENGTHS`` and ``COUNTS``; ``values`` has one entry a slot.
    """

    group: Group
    sessions: int
    people: int
    events: int
    bounced: int
    seconds: Typical
    per_session: Typical
    lengths: tuple[int, ...]
    counts: tuple[int, ...]
    values: tuple[Visited, ...]


@dataclass(frozen=True, slots=True)
class SessionsAnswer:
    """The answer: all sessions, then each group. ``without`` are events of the range that have
    neither a session's id nor a person, and are in no session.
    """

    question: Sessions
    slots: tuple[Slot, ...]
    total: SessionLine
    lines: tuple[SessionLine, ...]
    without: int
