"""How many people came in the day that begins at each quarter of an hour, counted beforehand.

A day of any zone begins with a quarter of an hour, so each is one of these; but for those of 23
and 25 hours. A row has the days that begin within one UTC day. It is the truth of the events that
are in blocks: what no block holds is looked for beside it, and whoever adds a block, throws one
away or removes an event has the row forget what that may have changed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, repeat
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from djangalytics_server.model.audit import Difference, TableCheck
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.store.blocks.layout import pack_numbers, unpack_numbers
from djangalytics_server.store.tables import Block, BlockDay, EventCount, EventRow

WORTH = 1_000
"""Of a day with fewer events than these, people are told apart as quickly when they are asked."""
_AT_ONCE = 500_000
"""About so many events of two days are told apart at once: that bounds the memory."""
_FIRST = 10

QUARTER = 900 * MICROSECONDS
"""Every zone's days begin with one."""
_DAY = DAY_SECONDS * MICROSECONDS
_QUARTERS = _DAY // QUARTER
# Of those that are in a block; the index on time has all that is asked.
_SEEN = (
    "SELECT (timestamp - :start) / :quarter, distinct_id FROM events"
    " WHERE project_id = :project AND timestamp >= :start AND timestamp < :end"
    " AND distinct_id IS NOT NULL AND id <= (SELECT last_id FROM blocks"
    " WHERE first_id <= events.id ORDER BY first_id DESC LIMIT 1) ORDER BY timestamp"
)


@dataclass(frozen=True, slots=True)
class Day:
    """Of days that begin with the first quarters of a UTC day how many people and events each has;
    events without a person are left out.
    """

    project_id: int
    day: int
    people: array[int]
    events: array[int]


def firsts(connection: Connection) -> Sequence[int]:
    """Which blocks there are: what was counted of others is not written."""
    return connection.scalars(select(Block.first_id).order_by(Block.first_id)).all()


def next_day(connection: Connection) -> Day | None:
    """Count a day with many events that can be counted further than it is; None if all are."""
    latest = _latest(connection)
    counts = (
        select(EventCount.project_id, EventCount.bucket)
        .where(EventCount.grain == DAY_SECONDS)
        .group_by(EventCount.project_id, EventCount.bucket)
        .having(func.sum(EventCount.count) >= WORTH)
    )
    length = func.length(BlockDay.people) // array("q").itemsize
    rows = connection.execute(select(BlockDay.project_id, BlockDay.day, length)).all()
    known = {(project_id, day): windows for project_id, day, windows in rows}
    busy = {
        (project_id, bucket // DAY_SECONDS) for project_id, bucket in connection.execute(counts)
    }
    # A day of a zone may begin on the UTC day before.
    for project_id, day in sorted(busy | {(project_id, day - 1) for project_id, day in busy}):
        there = known.get((project_id, day), 0)
        wanted = _QUARTERS if latest >= (day + 2) * _DAY else there or _over(day, latest)
        if there < wanted:
            return counted(connection, project_id, day, _over(day, latest))
    return None


def _latest(connection: Connection) -> int:
    """When the newest event arrived: days up to then are over."""
    newest = select(EventRow.received_at).order_by(EventRow.id.desc()).limit(1)
    return connection.scalar(newest) or 0


def _over(day: int, latest: int) -> int:
    """How many of the days that begin within a UTC day are over."""
    return max(0, min(_QUARTERS, (latest - (day + 1) * _DAY) // QUARTER + 1))


def counted(connection: Connection, project_id: int, day: int, windows: int) -> Day:
    """Count so many days, the first of which is the UTC day itself."""
    came = array("q", bytes(8 * (2 * _QUARTERS + 1)))
    steps = array("q", came)
    portions = 1 + _events_about(connection, project_id, day) // _AT_ONCE
    for portion in range(portions):
        last: dict[str, int] = {}
        for quarter, everybody in _seen(connection, project_id, day):
            people = set(everybody)
            if portions > 1:
                people = {one for one in people if hash(one) % portions == portion}
            # Each is new to the days that have this quarter and none of theirs before it.
            for before, number in Counter(map(last.get, people, repeat(-1))).items():
                steps[max(before + 1, quarter - _QUARTERS + 1)] += number
            steps[quarter + 1] -= len(people)
            last.update(dict.fromkeys(people, quarter))
            came[quarter] = len(everybody)
    return _summed(Day(project_id, day, steps[:windows], came))


def _summed(found: Day) -> Day:
    """From the people by whom each of some days has more than the one before, and the events of
    each quarter, to those of each day.
    """
    people = array("q", accumulate(found.people))
    before = array("q", accumulate(found.events, initial=0))
    events = array("q", (before[at + _QUARTERS] - before[at] for at in range(len(people))))
    return replace(found, people=people, events=events)


def _seen(connection: Connection, project_id: int, day: int) -> Iterator[tuple[int, list[str]]]:
    """The quarters of two days in order, and who did each event."""
    start = day * _DAY
    bounds = {"project": project_id, "start": start, "end": start + 2 * _DAY, "quarter": QUARTER}
    # The driver's own rows, which need no second form.
    rows: Any = connection.exec_driver_sql(_SEEN, bounds).cursor
    try:
        for quarter, some in groupby(rows, itemgetter(0)):
            yield quarter, [person for _, person in some]
    finally:
        rows.close()


def _events_about(connection: Connection, project_id: int, day: int) -> int:
    bucket = day * DAY_SECONDS
    question = select(func.sum(EventCount.count)).where(
        EventCount.project_id == project_id,
        EventCount.grain == DAY_SECONDS,
        EventCount.bucket.between(bucket, bucket + DAY_SECONDS),
    )
    return connection.scalar(question) or 0


def write(connection: Connection, found: Day) -> None:
    """Keep a day, in a writer's transaction in which the blocks are those it was counted of."""
    _drop(connection, found.project_id, found.day)
    values = {"people": pack_numbers(found.people), "events": pack_numbers(found.events)}
    key = {"project_id": found.project_id, "day": found.day}
    connection.execute(insert(BlockDay).values(**key, **values))


def forget(connection: Connection, project_id: int, times: Sequence[int]) -> None:
    """Events at these times, in order, come into blocks or leave them: in the same transaction."""
    known = set(connection.scalars(select(BlockDay.day).where(BlockDay.project_id == project_id)))
    for time in openings(times) if known else ():
        day, moment = divmod(time, _DAY)
        if day - 1 in known:
            _shorten(connection, project_id, day - 1, moment // QUARTER + 1)
        if day in known:
            _drop(connection, project_id, day)


def openings(times: Sequence[int]) -> list[int]:
    """Of times in order the first of each UTC day."""
    found, at = [], 0
    while at < len(times):
        found.append(times[at])
        at = bisect_left(times, (times[at] // _DAY + 1) * _DAY, at)
    return found


def _shorten(connection: Connection, project_id: int, day: int, windows: int) -> None:
    """Keep the first days alone, which end before an event that comes or goes."""
    row = _row(connection, project_id, day)
    if row is None or len(row.people) <= 8 * windows:
        return
    these = BlockDay.project_id == project_id, BlockDay.day == day
    shorter = {"people": row.people[: 8 * windows], "events": row.events[: 8 * windows]}
    connection.execute(update(BlockDay).where(*these).values(**shorter))


def _drop(connection: Connection, project_id: int, day: int) -> None:
    these = BlockDay.project_id == project_id, BlockDay.day == day
    connection.execute(delete(BlockDay).where(*these))


def _row(connection: Connection, project_id: int, day: int) -> Row[bytes, bytes] | None:
    question = select(BlockDay.people, BlockDay.events)
    these = BlockDay.project_id == project_id, BlockDay.day == day
    return connection.execute(question.where(*these)).one_or_none()


def kept(connection: Connection, project_id: int, day: int) -> Day:
    """A day as it was counted; one of which nothing is known has no numbers."""
    row = _row(connection, project_id, day)
    people, events = (b"", b"") if row is None else (row.people, row.events)
    return Day(project_id, day, unpack_numbers(people), unpack_numbers(events))


def check(connection: Connection, *, mend: bool) -> TableCheck:
    """Count every day anew and compare; ``mend`` forgets those that differ."""
    keys = connection.execute(select(BlockDay.project_id, BlockDay.day)).all()
    wrong = []
    for project_id, day in keys:
        stored = kept(connection, project_id, day)
        truth = counted(connection, project_id, day, len(stored.people))
        if stored != truth:
            wrong.append(Difference((project_id, day), *map(_told, (stored, truth))))
            if mend:
                _drop(connection, project_id, day)
    names = ("project_id", "day"), ("people", "events")
    return TableCheck("block_days", *names, len(keys), len(wrong), tuple(wrong[:_FIRST]))


def _told(found: Day) -> tuple[int, int]:
    """One number of each, for people to read: the sums."""
    return sum(found.people), sum(found.events)
