"""How many people there were, where that was counted beforehand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.insight import Heads, Range, Scan
from djangalytics_server.store.blocks.days import QUARTER, Day, kept
from djangalytics_server.store.blocks.making import Stretch
from djangalytics_server.store.blocks.reading import cover
from djangalytics_server.store.tables import EventRow

MOST_LOOSE = 100_000
"""With more events than these in no block, all are looked for by the indexes."""
_DAY = DAY_SECONDS * MICROSECONDS


def counted(connection: Connection, scan: Scan) -> dict[int, Heads]:
    """By slot how many people and events there are, of those slots of which that is known.

    The scan is of every event: without a name, a filter and a breakdown.
    """
    wanted = {slot: ranges[0] for slot, ranges in enumerate(scan.slots) if _is_day(ranges)}
    found = cover(connection, scan.project_id, []) if wanted else None
    if found is None or found.loose_ids > MOST_LOOSE:
        return {}
    loose = sorted(_times(connection, scan.project_id, found.loose))
    days: dict[int, Day] = {}
    known: dict[int, Heads] = {}
    for slot, (start, end) in wanted.items():
        if bisect_left(loose, start) < bisect_left(loose, end):
            continue
        number, moment = divmod(start, _DAY)
        day = days.get(number)
        if day is None:
            day = days[number] = kept(connection, scan.project_id, number)
        at = moment // QUARTER
        if at < len(day.people):
            known[slot] = Heads(slot, (), day.people[at], day.events[at], counted=True)
    return known


def _is_day(ranges: Sequence[Range]) -> bool:
    """Whether it is one piece of 24 hours that begins with a quarter of one."""
    return len(ranges) == 1 and ranges[0][1] - ranges[0][0] == _DAY and not ranges[0][0] % QUARTER


def _times(connection: Connection, project_id: int, loose: Sequence[Stretch]) -> Iterator[int]:
    for stretch in loose:
        # The sum keeps the engine off the indexes: the ids alone tell where to look.
        question = select(EventRow.timestamp).where(
            EventRow.project_id + 0 == project_id, EventRow.id.between(*stretch)
        )
        yield from connection.scalars(question)
