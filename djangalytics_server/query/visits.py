"""Which session an event belongs to.

By the session's id where the event has one; else its person's events make one for as long as
they are not silent for longer than agreed. Events with neither are in no session.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.insight import Moment, Range

MARGIN = DAY_SECONDS * MICROSECONDS
"""How far around a range to look, so that a session over its edge is known whole."""
TIME, PERSON, SESSION, BITS, VALUES = 0, 1, 2, 3, slice(4, None)
"""Where an event of a stream has what."""

Carried = TypeVar("Carried")


class Visit(Generic[Carried]):
    """One session; ``carried`` is whatever the question makes of it."""

    __slots__ = ("begin", "carried", "end", "events", "person")

    def __init__(self, begin: int, carried: Carried) -> None:
        self.begin = self.end = begin
        self.events = 0
        self.person: str | None = None
        self.carried = carried


class Visits(Generic[Carried]):
    """Sessions as they come to light, of events in the order of their time."""

    def __init__(self, silence: int) -> None:
        self._silence = silence
        self._by_id: dict[str, Visit[Carried]] = {}
        self._by_person: dict[str, Visit[Carried]] = {}
        self._over: list[Visit[Carried]] = []

    def open(self, event: Moment) -> Visit[Carried] | None:
        """The session that the event goes on with; None where it begins one."""
        if event[SESSION] is not None:
            return self._by_id.get(event[SESSION])
        visit = self._by_person.get(event[PERSON])
        return visit if visit and event[TIME] - visit.end <= self._silence else None

    def begin(self, event: Moment, carried: Carried) -> Visit[Carried]:
        """The session that the event begins; it must have a session's id or a person."""
        visit = Visit(event[TIME], carried)
        if event[SESSION] is not None:
            self._by_id[event[SESSION]] = visit
            return visit
        before = self._by_person.get(event[PERSON])
        if before is not None:
            self._over.append(before)
        self._by_person[event[PERSON]] = visit
        return visit

    def begun(self, span: Range) -> Iterator[Visit[Carried]]:
        """All that began in a range, in no order."""
        for visits in (self._by_id.values(), self._by_person.values(), self._over):
            for visit in visits:
                if span[0] <= visit.begin < span[1]:
                    yield visit


def around(span: Range) -> Range:
    """Where to look for the sessions that begin in a range."""
    return span[0] - MARGIN, span[1] + MARGIN


def is_homeless(event: Moment) -> bool:
    """Whether the event can be in no session."""
    return event[SESSION] is None and event[PERSON] is None
