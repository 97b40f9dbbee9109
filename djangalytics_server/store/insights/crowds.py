"""People by slot: their ids as one value a slot, told apart here.

An engine that counts different texts keeps a tree of them; handing all of them over in one piece
and telling them apart by a set is several times quicker, and the set is what retention needs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.insight import Crowd, Range, Scan
from djangalytics_server.store.insights.lists import all_texts
from djangalytics_server.store.insights.scans import bounds, columns, conditions, grouped, place_of
from djangalytics_server.store.tables import EventCount, EventRow

MOST_AT_ONCE = 200_000
"""About how many ids one statement may answer with."""

_DAY = DAY_SECONDS * MICROSECONDS
_COUNTLESS = 2**63
Days = Sequence[tuple[int, int]]
"""Start of a UTC day with events, in microseconds, and how many they are; in order."""


def met(connection: Connection, scan: Scan, check_time: Callable[[], None]) -> Iterator[Crowd]:
    """See ``Snapshot.crowds``; ``check_time`` is called before every statement."""
    groups = columns(scan)
    statement = grouped(groups, all_texts(EventRow.distinct_id.expression)).where(
        *conditions(scan, 1), EventRow.distinct_id.is_not(None)
    )
    check_time()
    days = days_of(connection, scan.project_id, _names(scan))
    for slot, ranges in enumerate(scan.slots):
        found: dict[Any, tuple[int, set[str]]] = {}
        for piece in pieces(ranges, days):
            check_time()
            for *group, ids in connection.execute(statement, bounds([piece])):
                place = place_of(scan, group)
                events, people = found.get(place, (0, set()))
                people.update(ids)
                found[place] = events + len(ids), people
        for place, (events, people) in found.items():
            yield Crowd(slot, place, events, people)


def weight(connection: Connection, scan: Scan) -> int:
    """How many events the days of a scan have, at most."""
    days = days_of(connection, scan.project_id, _names(scan))
    starts = [start for start, _ in days]
    found: set[int] = set()
    for ranges in scan.slots:
        for low, high in ranges:
            found.update(range(bisect_right(starts, low - _DAY), bisect_left(starts, high)))
    return sum(days[place][1] for place in found)


def _names(scan: Scan) -> Sequence[str]:
    return () if scan.event_name is None else (scan.event_name,)


def days_of(connection: Connection, project_id: int, names: Sequence[str]) -> Days:
    """The days with events of these names, or of any."""
    question = (
        select(EventCount.bucket, func.sum(EventCount.count))
        .where(EventCount.project_id == project_id, EventCount.grain == DAY_SECONDS)
        .group_by(EventCount.bucket)
        .order_by(EventCount.bucket)
    )
    if names:
        question = question.where(EventCount.event_name.in_(names))
    rows = connection.execute(question)
    return [(bucket * MICROSECONDS, int(count)) for bucket, count in rows]


def pieces(ranges: Sequence[Range], days: Days) -> Iterator[Range]:
    """The parts of the ranges that have events, cut so that none has very many."""
    for low, high in ranges:
        begin = end = held = 0
        for day, count in days[bisect_right(days, (low - _DAY, _COUNTLESS)) :]:
            first, last = max(low, day), min(high, day + _DAY)
            if first >= last:
                break
            if held and held + count > MOST_AT_ONCE:
                yield from _cut(begin, end, held)
                held = 0
            begin, end = begin if held else first, last
            held += count
        if held:
            yield from _cut(begin, end, held)


def _cut(begin: int, end: int, count: int) -> Iterator[Range]:
    step = -(-(end - begin) // -(-count // MOST_AT_ONCE))
    for start in range(begin, end, step):
        yield start, min(start + step, end)
