"""Which session an event belongs to.

By the session's id where the event has one; else its person's events make one for as long as
they are not silent for longer than agreed. Events with neither are in no session.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Generic, TypeVar

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.insight import Moment, Range

MARGIN = DAY_SECONDS * MICROSECONDS
"""How far around a range to look, so that a session over its edge is known whole."""
TIME, PERSON, SESSION, BITS, VALUES = 0, 1, 2, 3, slice(4, None)
"""Where an event of a stream has what."""

Carried = TypeVar("Carried")
_begin_of = attrgetter("begin")


class Visit(Generic[Carried]):
    """One session; ``carried`` is whatever the question makes of it."""

    __slots__ = ("begin", "carried", "end", "events", "person")

    def __init__(self, begin: int, carried: Carried) -> None:
        self.begin = self.end = begin
        self.events = 0
        self.person: object = None
        self.carried = carried


class Visits(Generic[Carried]):
    """Sessions as they come to light; ``carry`` makes of the first event what a session carries."""

    def __init__(self, silence: int, carry: Callable[[Moment], Carried]) -> None:
        self._silence, self._carry = silence, carry
        self._begun: list[Visit[Carried]] = []
        self.homeless: list[int] = []
        """When the events were that are in no session."""

    def follow(self, events: Iterable[Moment]) -> Iterator[tuple[Moment, Visit[Carried]]]:
        """Each event that is in a session, and that session; events come in order of time."""
        by_id: dict[str, Visit[Carried]] = {}
        by_person: dict[object, Visit[Carried]] = {}
        silence = self._silence
        for event in events:
            time, person, session = event[TIME], event[PERSON], event[SESSION]
            if session is not None:
                visit = by_id.get(session)
                if visit is None:
                    visit = by_id[session] = self._begin(event)
            elif person is not None:
                visit = by_person.get(person)
                if visit is None or time - visit.end > silence:
                    visit = by_person[person] = self._begin(event)
            else:
                self.homeless.append(time)
                continue
            visit.end = time
            visit.events += 1
            if visit.person is None:
                visit.person = person
            yield event, visit

    def _begin(self, event: Moment) -> Visit[Carried]:
        visit = Visit(event[TIME], self._carry(event))
        self._begun.append(visit)
        return visit

    def begun(self, span: Range) -> list[Visit[Carried]]:
        """All that began in a range, in the order in which they did."""
        low, high = (bisect_left(self._begun, moment, key=_begin_of) for moment in span)
        return self._begun[low:high]


def around(span: Range) -> Range:
    """Where to look for the sessions that begin in a range."""
    return span[0] - MARGIN, span[1] + MARGIN
