"""Pages of raw events in the order of their own time, the latest first.

An index has that order, but not of those that pass a filter. Of those the columns of the blocks
tell when they were: the blocks are looked through from the latest time back, and most pages are
full after one or two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush
from operator import attrgetter

from sqlalchemy import Connection

from djangalytics_server.model.query import EventPage, StoredEvent
from djangalytics_server.store import pages
from djangalytics_server.store.blocks import persons
from djangalytics_server.store.blocks.reading import Cover, cover
from djangalytics_server.store.blocks.seeking import Seeker, stretches

MOST_LOOSE = 100_000
"""With more events than these in no block, the index is walked."""
_AT_ONCE = 200
"""How many rows are read together."""
_CheckTime = Callable[[], None]
_Mark = tuple[int, int]
"""An event's time and id, each with its sign turned: in a heap the latest comes first."""


def found(connection: Connection, page: EventPage, check_time: _CheckTime) -> list[StoredEvent]:
    """The events of a page by ``timestamp``; ``check_time`` is called before every statement."""
    if page.below is not None:
        ends = page.below.timestamp + 1
        page = replace(page, end=ends if page.end is None else min(page.end, ends))
    look = _Look(connection, page, check_time)
    if connection.dialect.name != "sqlite":
        return look.by_index()
    person = persons.person_of(page)
    ids = None if person is None else persons.ids_of(connection, page, person)
    if ids is not None:
        return look.among(ids)
    seeker = Seeker(connection, page, [])
    built = cover(connection, page.project_id, []) if seeker.judges else None
    if built is None or built.loose_ids > MOST_LOOSE:
        return look.by_index()
    return look.by_blocks(built, seeker)


class _Look:
    """One look for a page."""

    def __init__(self, connection: Connection, page: EventPage, check_time: _CheckTime) -> None:
        self._connection, self._page, self._check_time = connection, page, check_time

    def by_index(self) -> list[StoredEvent]:
        """As the index on times has them."""
        self._check_time()
        rows = self._connection.execute(pages.latest(self._page))
        return [StoredEvent(*row) for row in rows]

    def among(self, ids: Iterator[Sequence[int]]) -> list[StoredEvent]:
        """Those of these ids."""
        heap = [mark for some in ids for mark in self._marks(some)]
        heapify(heap)
        return self._taken(heap, self._page.limit)

    def by_blocks(self, built: Cover, seeker: Seeker) -> list[StoredEvent]:
        """Block after block, from the one with the latest event."""
        heap = [mark for first, last in built.loose for mark in self._marks(range(first, last + 1))]
        heapify(heap)
        ends = dict(stretches(self._connection))
        events: list[StoredEvent] = []
        for place in sorted(built.places, key=attrgetter("high"), reverse=True):
            events += self._taken(heap, self._page.limit - len(events), place.high)
            if len(events) == self._page.limit:
                return events
            self._check_time()
            told = seeker.marks(place.first_id)
            if told is None:
                found = self._marks(range(place.first_id, ends[place.first_id] + 1))
            else:
                found = [(-time, -one) for time, one in told]
            for mark in found:
                heappush(heap, mark)
        return events + self._taken(heap, self._page.limit - len(events))

    def _marks(self, ids: Sequence[int]) -> list[_Mark]:
        """Of those that are on the page or on one that follows."""
        self._check_time()
        rows = self._connection.execute(pages.marks(self._page, ids))
        return [(-time, -one) for time, one in rows]

    def _taken(self, heap: list[_Mark], wanted: int, until: int | None = None) -> list[StoredEvent]:
        """The next events, all of them later than ``until``, off the heap; those that columns took
        for one of the page's and rows do not are left out.
        """
        events: list[StoredEvent] = []
        while len(events) < wanted and heap:
            some: list[int] = []
            while heap and len(some) < _AT_ONCE and (until is None or -heap[0][0] > until):
                some.append(-heappop(heap)[1])
            if not some:
                break
            self._check_time()
            rows = self._connection.execute(pages.latest(self._page, among=some))
            events += [StoredEvent(*row) for row in rows]
        return events[:wanted]
