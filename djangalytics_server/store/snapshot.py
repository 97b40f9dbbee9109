"""One state of the data, asked several things."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TypeVar

from sqlalchemy import Connection, func, select

from djangalytics_server.model.cohort import CohortPeople
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.insight import (
    Anonymous,
    Cell,
    Crowd,
    Heads,
    Kind,
    Moment,
    Raw,
    Scan,
    Stepped,
    Stream,
    Walk,
)
from djangalytics_server.model.numbers import Numbers
from djangalytics_server.model.query import Count, CountPlan, EventPage, StoredEvent
from djangalytics_server.model.query_filter import Members
from djangalytics_server.model.suggestion import Recent
from djangalytics_server.store import back, definitions, latest, pages
from djangalytics_server.store.blocks import heads, looking, numbered, persons, stepping, streaming
from djangalytics_server.store.blocks.members import ByNumber
from djangalytics_server.store.blocks.numbered import Everybody
from djangalytics_server.store.failures import timed_out
from djangalytics_server.store.insights import cohorts, counts, crowds, recent, scans, walks
from djangalytics_server.store.rollups import GRAINS
from djangalytics_server.store.stopping import Stop
from djangalytics_server.store.tables import EventCount

_Asked = TypeVar("_Asked", Scan, Walk, Stream, EventPage)
_event = partial(tuple.__new__, StoredEvent)


class RelationalSnapshot:
    """See ``base.Snapshot``; over a connection that shows one state."""

    def __init__(
        self, connection: Connection, until: float | None = None, stop: Stop | None = None
    ) -> None:
        self._connection, self._until, self._stop = connection, until, stop
        self._numbers: dict[int, Everybody] = {}
        by_number = None
        if connection.dialect.name == "sqlite":
            by_number = ByNumber(connection, self._everybody, self._check_time)
        self._cohorts = cohorts.Known(connection, self._check_time, by_number)

    def count(self, plan: CountPlan) -> list[Count]:
        """See ``Snapshot.count``."""
        return list(counts.counted(self._connection, plan))

    def bounds(self, project_id: int) -> tuple[int, int] | None:
        """See ``Snapshot.bounds``."""
        day = GRAINS[0]
        where = (EventCount.project_id == project_id, EventCount.grain == day)
        # Two look-ups: SQLite answers a lone min() or max() from the end of the index.
        first = self._connection.scalar(select(func.min(EventCount.bucket)).where(*where))
        last = self._connection.scalar(select(func.max(EventCount.bucket)).where(*where))
        if first is None or last is None:
            return None
        return first * MICROSECONDS, (last + day) * MICROSECONDS

    def newest(self, page: EventPage) -> list[StoredEvent]:
        """See ``Snapshot.newest``."""
        page = self._told(page)
        if page.order == "timestamp":
            return latest.found(self._connection, page, self._check_time)
        few = self._connection.execute(pages.weight(page)).scalar_one() <= pages.FEW
        among = None if few else self._persons(page)
        if among is not None:
            return self._among(page, among)
        if few or not pages.is_narrowed(page):
            rows = self._connection.execute(pages.newest(page, few=few))
            return [StoredEvent(*row) for row in rows]
        found: list[StoredEvent] = []
        for some, _ in self.looked_back(page):
            found += some
            if len(found) >= page.limit:
                break
        return found[: page.limit]

    def looked_back(self, page: EventPage) -> Iterator[tuple[list[StoredEvent], int]]:
        """See ``Snapshot.looked_back``."""
        page = self._told(page)
        question = EventPage(page.project_id, limit=1, before=page.before)
        newest = self._connection.execute(pages.newest(question, few=False)).first()
        high = 1 if newest is None else newest.id + 1
        return back.looked(self._connection, page, high, self._check_time)

    def _persons(self, page: EventPage) -> Iterator[Sequence[int]] | None:
        """Of a page about one person the ids of their events, if blocks tell them."""
        person = persons.person_of(page)
        if person is None or self._connection.dialect.name != "sqlite":
            return None
        return persons.ids_of(self._connection, page, person)

    def _among(self, page: EventPage, among: Iterator[Sequence[int]]) -> list[StoredEvent]:
        found: list[StoredEvent] = []
        for ids in among:
            self._check_time()
            rest = replace(page, limit=page.limit - len(found))
            rows = self._connection.execute(pages.newest(rest, few=False, among=ids))
            found += [StoredEvent(*row) for row in rows]
            if len(found) == page.limit:
                break
        return found

    def oldest(self, page: EventPage) -> list[StoredEvent]:
        """See ``Snapshot.oldest``."""
        # The driver's own rows: there may be millions, and they need no second form.
        rows = self._connection.execute(pages.oldest(self._told(page))).cursor
        try:
            return list(map(_event, rows.fetchall()))
        finally:
            rows.close()

    def scan(self, scan: Scan) -> list[Cell]:
        """See ``Snapshot.scan``."""
        scan = self._told(scan)
        if self._by_columns(scan):
            found = looking.cells(self._connection, scan, self._check_time)
            if found is not None:
                return list(found)
        return list(scans.scanned(self._connection, scan, self._check_time))

    def crowds(self, scan: Scan) -> Iterator[Crowd]:
        """See ``Snapshot.crowds``."""
        scan = self._told(scan)
        if not _is_plain(scan) and self._by_columns(scan):
            found = looking.crowds(self._connection, scan, self._check_time)
            if found is not None:
                return found
        return crowds.met(self._connection, scan, self._check_time)

    def anonymous(self, scan: Scan) -> Iterator[Anonymous]:
        """See ``Snapshot.anonymous``."""
        found = self.numbered(scan)
        if found is not None:
            return (Anonymous(slot, people) for slot, people in found[0])
        return (Anonymous(crowd.slot, crowd.people) for crowd in self.crowds(scan))

    def numbered(self, *scans: Scan) -> Sequence[Iterator[tuple[int, Numbers]]] | None:
        """See ``Snapshot.numbered``."""
        told = [self._told(scan) for scan in scans]
        if not any(map(self._by_columns, told)):
            return None
        everybody = self._everybody(told[0].project_id)
        found = [
            numbered.present(self._connection, everybody, scan, self._check_time) for scan in told
        ]
        whole = [one for one in found if one is not None]
        return whole if len(whole) == len(found) else None

    def heads(self, scan: Scan) -> Iterator[Heads]:
        """See ``Snapshot.heads``."""
        everything = scan.event_name is None and scan.filter is None and not scan.breakdown
        if everything and self._by_columns(scan):
            known = heads.counted(self._connection, scan)
            yield from known.values()
            rest = (() if slot in known else ranges for slot, ranges in enumerate(scan.slots))
            scan = replace(scan, slots=tuple(rest))
        if not any(scan.slots):
            return
        scan = self._told(scan)
        found = None
        if not scan.breakdown and self._by_columns(scan):
            everybody = self._everybody(scan.project_id)
            found = numbered.heads(self._connection, everybody, scan, self._check_time)
        if found is not None:
            yield from found
        else:
            for crowd in self.crowds(scan):
                yield Heads(crowd.slot, crowd.group, len(crowd.people), crowd.events)

    def walk(self, walk: Walk) -> Iterator[Moment]:
        """See ``Snapshot.walk``."""
        walked = walks.walked(self._connection, self._told(walk), self._check_time)
        return chain.from_iterable(walked)

    def stepped(self, walk: Walk) -> Stepped | None:
        """See ``Snapshot.stepped``."""
        walk = self._told(walk)
        named = not (walk.all or walk.breakdown) and all(kind.event_name for kind in walk.kinds)
        names = {kind.event_name for kind in walk.kinds}
        scans = [Scan(walk.project_id, ((walk.span,),), name) for name in names]
        if not named or not any(map(self._by_columns, scans)):
            return None
        everybody = self._everybody(walk.project_id)
        return stepping.stepped(self._connection, everybody, walk, self._check_time)

    def stream(self, stream: Stream) -> Iterator[Moment]:
        """See ``Snapshot.stream``."""
        self._check_time()
        stream = self._told(stream)
        found = None
        if self._by_columns(Scan(stream.project_id, ((stream.span,),))):
            everybody = self._everybody(stream.project_id)
            found = streaming.streamed(self._connection, everybody, stream, self._check_time)
        return walks.streamed(self._connection, stream) if found is None else found

    def people(self, members: Members) -> tuple[int, int]:
        """See ``Snapshot.people``."""
        return self._cohorts.size(members)

    def members(self, question: CohortPeople) -> list[str]:
        """See ``Snapshot.members``."""
        return self._cohorts.listed(question)

    def recent(self, look: Recent) -> Iterator[Sequence[tuple[int, Raw]]]:
        """See ``Snapshot.recent``."""
        return recent.looked(self._connection, look)

    def event_names(self, project_id: int, typed: str, limit: int) -> list[tuple[str, int]]:
        """See ``Snapshot.event_names``."""
        return definitions.event_names(self._connection, project_id, typed, limit)

    def properties(
        self, project_id: int, typed: str, event_name: str | None
    ) -> list[tuple[str, str, int]]:
        """See ``Snapshot.properties``."""
        return definitions.properties(self._connection, project_id, typed, event_name)

    def _everybody(self, project_id: int) -> Everybody:
        """The numbers of a project's people, the same for whatever is asked of this state."""
        if project_id not in self._numbers:
            self._numbers[project_id] = Everybody(self._connection, project_id)
        return self._numbers[project_id]

    def _by_columns(self, scan: Scan) -> bool:
        """Whether a question is about so many events that their columns may be quicker."""
        if self._connection.dialect.name != "sqlite":
            return False
        return crowds.weight(self._connection, scan) > looking.FEW

    def _told(self, asked: _Asked) -> _Asked:
        """The same, with the people of every cohort in its filters."""
        if asked.filter is not None:
            asked = replace(asked, filter=self._cohorts.told(asked.filter))
        if isinstance(asked, (Walk, Stream)):
            asked = replace(asked, kinds=tuple(map(self._told_kind, asked.kinds)))
        return asked

    def _told_kind(self, kind: Kind) -> Kind:
        if kind.filter is None:
            return kind
        return replace(kind, filter=self._cohorts.told(kind.filter))

    def _check_time(self) -> None:
        """The engines' own limits hold for one statement; this one for all of them together."""
        late = self._until is not None and time.monotonic() > self._until
        if late or (self._stop is not None and self._stop.asked):
            raise timed_out()


def _is_plain(scan: Scan) -> bool:
    """Whether it is about all events of one name, whose people stand in an index of their own."""
    return scan.event_name is not None and scan.filter is None and not scan.breakdown
