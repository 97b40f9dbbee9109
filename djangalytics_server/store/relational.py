"""The store on a relational engine, by SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, func, select

from djangalytics_server.model.audit import Progress, TableCheck
from djangalytics_server.model.definitions import EventSeen
from djangalytics_server.model.delivery import Delivery, DeliveryPage
from djangalytics_server.model.erasure import Erased
from djangalytics_server.model.event import (
    DAY_SECONDS,
    Event,
    Receipt,
    Stored,
    Submission,
)
from djangalytics_server.model.keeping import Kept as KeptEvents
from djangalytics_server.model.query import (
    Count,
    CountPlan,
    EventPage,
    StoredEvent,
    VerdictCounts,
)
from djangalytics_server.model.rejected import Kept, RejectedPage
from djangalytics_server.model.sending import Sent
from djangalytics_server.store import (
    delivery,
    erasing,
    expiry,
    keeping,
    limited,
    rejected_page,
    removal,
    repairs,
    rollups,
    sending,
)
from djangalytics_server.store.base import Appender
from djangalytics_server.store.blocks import days, making, numbers
from djangalytics_server.store.definitions import definitions
from djangalytics_server.store.reader import Database, RelationalReader
from djangalytics_server.store.recount import recount
from djangalytics_server.store.sql_failures import as_unavailable
from djangalytics_server.store.tables import VerdictCount

_SWEPT = 5_000
"""So many people are forgotten in one transaction."""


class RelationalStore(RelationalReader):
    """Keeps the promise of ``store.base.Store`` in a relational database."""

    def __init__(self, database: Database, appender: Appender) -> None:
        super().__init__(database)
        self._appender = appender

    # -- writing -----------------------------------------------------------------------------

    def append(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """See ``Store.append``."""
        return self._appender.append(submissions)

    def replay(self, mended: Sequence[tuple[int, Event]]) -> list[Stored | None]:
        """See ``Store.replay``."""
        return self._appender.replay(mended)

    def recount(self, *, mend: bool = False, progress: Progress | None = None) -> list[TableCheck]:
        """See ``Store.recount``."""
        if not mend:
            with self._reading() as connection:
                return recount(connection, progress=progress)
        with as_unavailable("written"), self._database.mending() as connection:
            results = recount(connection, mend=True, progress=progress)
            if any(result.wrong for result in results):
                repairs.count(connection)
            return results

    def erase(
        self,
        project_id: int,
        distinct_id: str,
        progress: Progress | None = None,
        erasure_id: int | None = None,
    ) -> Erased:
        """See ``Store.erase``."""
        person = erasing.Person(project_id, distinct_id)
        with self._reading() as connection:
            found = erasing.find(connection, person)
            full = rollups.is_full(connection, project_id)
        for some in making.in_portions(found.ids):
            with self._removing() as connection:
                making.drop(connection, some)
        events, last = 0, Erased(0, 0)
        steps = list(found.steps())
        for number, ids in enumerate(steps, 1):
            with self._reading() as connection:
                ready = erasing.prepare(connection, ids)
            with self._removing() as connection:
                if erasure_id is not None and number == 1:
                    erasing.note_total(connection, erasure_id, len(found.ids))
                gone = Erased(erasing.carry_out(connection, ready), 0)
                if number == len(steps):
                    last = erasing.finish(connection, person, found)
                if erasure_id is not None:
                    erasing.note(connection, erasure_id, gone)
                    if number == len(steps):
                        erasing.note(connection, erasure_id, last, forget=True)
                events += gone.events
            if progress is not None:
                progress(number, len(steps))
        if full:  # what had no room may have some now, and must be counted from its beginning
            with as_unavailable("written"), self._database.mending() as connection:
                recount(connection, mend=True, blocks=False)
        return Erased(events + last.events, last.rejected)

    def make_block(self, *, anew: bool) -> bool:
        """See ``Store.make_block``."""
        with self._reading() as connection:
            if connection.dialect.name != "sqlite":  # a table's rows are read well enough there
                return False
            stretch = making.next_stretch(connection, anew=anew)
            if stretch is not None:
                removals = erasing.removals(connection)
                block = making.made(connection, stretch)
        if stretch is None:
            if anew and self._count_day():
                return True
            if anew:
                self._sweep()
            return False
        with as_unavailable("written"), self._database.mending() as connection:
            # Another process may have made it, or some of its events were removed: the next time.
            if erasing.removals(connection) == removals and making.is_free(connection, stretch):
                making.write(connection, block)
        return True

    def _sweep(self) -> None:
        """Forget the numbers of people whom no block has any more, if some may be left."""
        with self._reading() as connection:
            removals, firsts = erasing.removals(connection), days.firsts(connection)
            found = numbers.left_over(connection)
        if found is None:
            return
        for start in range(0, max(1, len(found)), _SWEPT):
            with self._removing() as connection:
                same = erasing.removals(connection) == removals
                if not same or days.firsts(connection) != firsts:
                    return  # the next time
                numbers.sweep(connection, found[start : start + _SWEPT])
                if start + _SWEPT >= len(found):
                    numbers.swept(connection)
                erasing.count_removal(connection)  # a block read with their numbers is not written
                removals += 1

    def _count_day(self) -> bool:
        """Count the people of a day of events in blocks beforehand, if there is one to count."""
        with self._reading() as connection:
            removals, firsts = erasing.removals(connection), days.firsts(connection)
            found = days.next_day(connection)
        if found is None:
            return False
        with as_unavailable("written"), self._database.mending() as writing:
            if erasing.removals(writing) == removals and days.firsts(writing) == firsts:
                days.write(writing, found)
        return True

    def remove(self, project_id: int) -> int:
        """See ``Store.remove``."""
        with self._removing() as connection:
            gone = removal.remove(connection, project_id)
        more = not gone
        while more:  # its events are gone, and what is known of erased ones may go
            with self._removing() as connection:
                more = removal.forget(connection, project_id)
        return gone

    def expire(
        self, project_id: int, before: int, go_on: Callable[[int], bool] = lambda gone: True
    ) -> int:
        """See ``Store.expire``."""
        total = 0
        while True:
            with self._removing() as connection:
                gone = expiry.step(connection, project_id, before)
            total += gone or 0
            if gone is None or not go_on(total):
                return total

    def note_sending(
        self, bucket: int, sent: Mapping[int, list[Sent]], limited_: Mapping[tuple[int, str], int]
    ) -> None:
        """See ``Store.note_sending``."""
        with as_unavailable("written"), self._database.mending() as connection:
            sending.note(connection, bucket, sent)
            limited.note(connection, bucket // DAY_SECONDS, limited_)

    @contextmanager
    def _removing(self) -> Iterator[Connection]:
        """A writer's transaction that overwrites what it deletes."""
        with (
            as_unavailable("written"),
            self._database.mending() as connection,
            erasing.overwriting(connection),
        ):
            yield connection

    # -- reading -----------------------------------------------------------------------------

    def count(self, plan: CountPlan) -> list[Count]:
        """See ``Store.count``."""
        with self.snapshot() as snapshot:
            return snapshot.count(plan)

    def bounds(self, project_id: int) -> tuple[int, int] | None:
        """See ``Store.bounds``."""
        with self.snapshot() as snapshot:
            return snapshot.bounds(project_id)

    def newest(self, page: EventPage) -> list[StoredEvent]:
        """See ``Store.newest``."""
        with self.snapshot() as snapshot:
            return snapshot.newest(page)

    def verdicts(self, project_id: int) -> VerdictCounts:
        """See ``Store.verdicts``."""
        total = func.sum(VerdictCount.count)
        question = (
            select(VerdictCount.verdict, VerdictCount.code, total)
            .where(VerdictCount.project_id == project_id)
            .group_by(VerdictCount.verdict, VerdictCount.code)
            .order_by(total.desc(), VerdictCount.code)
        )
        with self._reading() as connection:
            rows = [(verdict, code, int(n)) for verdict, code, n in connection.execute(question)]
        sums = {name: sum(n for verdict, _, n in rows if verdict == name) for name, _, _ in rows}
        return VerdictCounts(
            accepted=sums.get("accepted", 0),
            duplicates=sums.get("duplicate", 0),
            rejected=sums.get("rejected", 0),
            reasons=tuple((code, n) for verdict, code, n in rows if verdict == "rejected"),
        )

    def definitions(
        self, project_id: int, event_names: Sequence[str], limit: int
    ) -> list[EventSeen]:
        """See ``Store.definitions``."""
        with self._reading() as connection:
            return definitions(connection, project_id, event_names, limit)

    def rejected(self, page: RejectedPage) -> list[Kept]:
        """See ``Store.rejected``."""
        with self._reading() as connection:
            return rejected_page.listed(connection, page)

    def delivery(self, page: DeliveryPage) -> Delivery:
        """See ``Store.delivery``."""
        with self._reading() as connection:
            return delivery.delivery(connection, page)

    def kept(self, project_id: int, before: int | None = None) -> KeptEvents:
        """See ``Store.kept``."""
        with self._reading() as connection:
            return keeping.kept(connection, project_id, before)

    def sending(self, project_id: int, bucket: int) -> list[Sent]:
        """See ``Store.sending``."""
        with self._reading() as connection:
            return sending.since(connection, project_id, bucket)

    def limited(self, project_id: int) -> list[tuple[int, str, int]]:
        """See ``Store.limited``."""
        with self._reading() as connection:
            return limited.listed(connection, project_id)

    def ping(self) -> None:
        """See ``Store.ping``."""
        self._appender.ping()

    def close(self) -> None:
        """See ``Store.close``."""
        self._appender.close()
        super().close()
