"""Every rollup held against the raw events, cell by cell, and put right on request.

Nothing is gathered that grows with the events: counts are compared a day at a time, events'
definitions some names at a time, and of properties no more than a project may have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from djangalytics_server.model.audit import Difference, Key, Progress, TableCheck, Values
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.store import producer_recount, property_recount
from djangalytics_server.store.blocks import checking, days
from djangalytics_server.store.rollups import GRAINS, joined
from djangalytics_server.store.tables import (
    Base,
    EventCount,
    EventDefinition,
    EventRow,
    ExpiredCount,
    ExpiredDefinition,
    Producer,
    PropertyDefinition,
    VerdictCount,
)

FIRST = 10
"""How many of a table's wrong rows are named."""

_NAMES = 1_000
_ACCEPTED = ("accepted", "")


class Ledger:
    """Compares a rollup's rows with the truth, and mends them if ``mend`` is given.

    Of the columns beside the key those of ``values`` are compared, or all.
    """

    def __init__(
        self, model: type[Base], mend: Connection | None, values: tuple[str, ...] = ()
    ) -> None:
        self.table = Base.metadata.tables[model.__tablename__]
        self._mend = mend
        self._keys = tuple(self.table.primary_key.columns)
        self._values = tuple(
            c for c in self.table.columns if not c.primary_key and (not values or c.name in values)
        )
        self._compared = self._wrong = 0
        self._first: list[Difference] = []

    def compare(self, stored: Mapping[Key, Values], truth: Mapping[Key, Values]) -> None:
        """Take note of every row that is not true, is missing, or should not be."""
        for key in {**truth, **stored}:
            self._compared += 1
            if stored.get(key) != truth.get(key):
                self._note(Difference(key, stored.get(key), truth.get(key)))

    def result(self) -> TableCheck:
        """What was found."""
        return TableCheck(
            self.table.name,
            tuple(column.name for column in self._keys),
            tuple(column.name for column in self._values),
            self._compared,
            self._wrong,
            tuple(self._first),
        )

    def _note(self, found: Difference) -> None:
        self._wrong += 1
        if len(self._first) < FIRST:
            self._first.append(found)
        if self._mend is None:
            return
        this = and_(*(column == value for column, value in zip(self._keys, found.key, strict=True)))
        if found.truth is None:
            self._mend.execute(delete(self.table).where(this))
            return
        values = {c.name: v for c, v in zip(self._values, found.truth, strict=True)}
        if found.stored is None:
            names = {c.name: v for c, v in zip(self._keys, found.key, strict=True)}
            self._mend.execute(insert(self.table).values({**names, **values}))
        else:
            self._mend.execute(update(self.table).where(this).values(values))


def recount(
    connection: Connection,
    *,
    mend: bool = False,
    progress: Progress | None = None,
    blocks: bool = True,
) -> list[TableCheck]:
    """Hold every rollup against the events that ``connection`` sees, one result a table.

    With ``mend`` wrong rows are written anew; then the connection must be inside a transaction
    that keeps all other writers out. Without ``blocks`` those are left alone.
    ``progress`` is told of events, each counted twice.
    """
    writer = connection if mend else None
    models = (EventCount, EventDefinition, PropertyDefinition, VerdictCount)
    counts, names, properties, verdicts = (Ledger(model, writer) for model in models)
    producers = Ledger(Producer, writer, producer_recount.VALUES)
    total = connection.execute(select(func.count()).select_from(EventRow)).scalar_one()
    done = 0

    def advance(events: int) -> None:
        nonlocal done
        done += events
        if progress is not None:
            progress(done, 2 * total)

    for project_id in _projects(connection):
        _check_counts(connection, project_id, counts, advance)
        _check_names(connection, project_id, names)
    found = property_recount.scan(connection, advance)
    properties.compare(found.stored, found.truth)
    verdicts.compare(_accepted(connection), {(*k, *_ACCEPTED): (n,) for k, n in found.days.items()})
    producers.compare(*producer_recount.accounts(connection))
    results = [ledger.result() for ledger in (counts, names, properties, verdicts, producers)]
    if not blocks:
        return results
    checks = checking.check, days.check, checking.check_numbers
    return [*results, *(check(connection, mend=mend) for check in checks)]


def _projects(connection: Connection) -> Iterable[int]:
    """Whoever has events or counts of them; each found at one step into an index."""
    tables = (EventRow, EventCount, EventDefinition, ExpiredCount)
    columns = [table.project_id for table in tables]
    last = -1
    while True:
        nexts = [connection.scalar(select(func.min(c)).where(c > last)) for c in columns]
        present = [project_id for project_id in nexts if project_id is not None]
        if not present:
            return
        last = min(present)
        yield last


def _check_counts(
    connection: Connection, project_id: int, ledger: Ledger, advance: Callable[[int], None]
) -> None:
    day = _first_day(connection, project_id, None)
    while day is not None:
        truth = _count_day(connection, project_id, day)
        rows = connection.execute(
            select(*EventCount.__table__.columns)
            .where(EventCount.project_id == project_id, EventCount.grain.in_(GRAINS))
            .where(EventCount.bucket >= day, EventCount.bucket < day + DAY_SECONDS)
        )
        ledger.compare({tuple(row[:4]): (row[4],) for row in rows}, truth)
        advance(sum(count for (_, grain, _, _), (count,) in truth.items() if grain == GRAINS[0]))
        day = _first_day(connection, project_id, day + DAY_SECONDS)


def _first_day(connection: Connection, project_id: int, start: int | None) -> int | None:
    """The first UTC day at or after ``start`` that has events or counts, in seconds."""
    times = select(func.min(EventRow.timestamp)).where(EventRow.project_id == project_id)
    buckets = select(func.min(EventCount.bucket)).where(EventCount.project_id == project_id)
    if start is not None:
        times = times.where(EventRow.timestamp >= start * MICROSECONDS)
        buckets = buckets.where(EventCount.bucket >= start)
    found = [connection.scalar(buckets.where(EventCount.grain == grain)) for grain in GRAINS]
    expired = select(func.min(ExpiredCount.bucket)).where(ExpiredCount.project_id == project_id)
    if start is not None:
        expired = expired.where(ExpiredCount.bucket >= start)
    found.append(connection.scalar(expired))
    time = connection.scalar(times)
    if time is not None:
        found.append(time // MICROSECONDS)
    return min((s // DAY_SECONDS * DAY_SECONDS for s in found if s is not None), default=None)


def _count_day(connection: Connection, project_id: int, day: int) -> dict[Key, Values]:
    """The true rows of one day, at each grain."""
    finest, start = GRAINS[-1], day * MICROSECONDS
    # Counted from the day's start, so that the division never meets a negative number.
    place = ((EventRow.timestamp - start) // (finest * MICROSECONDS)).label("place")
    question = (
        select(place, EventRow.event_name, func.count())
        .where(EventRow.project_id == project_id, EventRow.timestamp >= start)
        .where(EventRow.timestamp < start + DAY_SECONDS * MICROSECONDS)
        .group_by(place, EventRow.event_name)
    )
    cells: Counter[tuple[int, int, int, str]] = Counter()
    for number, name, count in connection.execute(question):
        bucket = day + int(number) * finest
        for grain in GRAINS:
            cells[project_id, grain, bucket // grain * grain, name] += count
    gone = select(ExpiredCount.bucket, ExpiredCount.event_name, ExpiredCount.count).where(
        ExpiredCount.project_id == project_id,
        ExpiredCount.bucket >= day,
        ExpiredCount.bucket < day + DAY_SECONDS,
    )
    for bucket, name, count in connection.execute(gone):
        for grain in GRAINS:
            cells[project_id, grain, bucket // grain * grain, name] += count
    return {key: (count,) for key, count in cells.items()}


def _check_names(connection: Connection, project_id: int, ledger: Ledger) -> None:
    name, time = EventRow.event_name, EventRow.timestamp
    truth = (
        select(EventRow.project_id, name, func.count(), func.min(time), func.max(time))
        .where(EventRow.project_id == project_id)
        .group_by(EventRow.project_id, name)
        .order_by(name)
        .limit(_NAMES)
    )
    stored = select(*EventDefinition.__table__.columns).where(
        EventDefinition.project_id == project_id
    )
    gone = ExpiredDefinition
    expired = select(gone.project_id, gone.event_name, gone.count, gone.first_seen, gone.last_seen)
    expired = expired.where(gone.project_id == project_id, gone.type == "")
    last: str | None = None
    while True:
        # The engine compares names each time, so its order of letters does not matter.
        some, mine, theirs = truth, stored, expired
        if last is not None:
            some, mine = some.where(name > last), mine.where(EventDefinition.event_name > last)
            theirs = theirs.where(gone.event_name > last)
        counted = connection.execute(some).all()
        if len(counted) == _NAMES:
            mine = mine.where(EventDefinition.event_name <= counted[-1][1])
            theirs = theirs.where(gone.event_name <= counted[-1][1])
        rows = {tuple(row[:2]): tuple(row[2:]) for row in connection.execute(mine)}
        true: dict[Key, Values] = {tuple(row[:2]): tuple(row[2:]) for row in counted}
        for row in connection.execute(theirs):
            key = row.project_id, row.event_name
            span = int(row[2]), row.first_seen, row.last_seen
            known = true.get(key)
            true[key] = span if known is None else joined((known[0], known[1], known[2]), span)
        ledger.compare(rows, true)
        if len(counted) < _NAMES:
            return
        last = counted[-1][1]


def _accepted(connection: Connection) -> dict[Key, Values]:
    """The stored counts of accepted events; of the other verdicts nothing else is kept."""
    columns = VerdictCount.__table__.columns
    rows = connection.execute(select(*columns).where(VerdictCount.verdict == _ACCEPTED[0]))
    return {tuple(row[:4]): (row[4],) for row in rows}
