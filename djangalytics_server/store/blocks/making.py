"""Blocks made and thrown away."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from djangalytics_server.store.blocks import days, numbers
from djangalytics_server.store.blocks.encoding import FIELDS, Encoded, encoded
from djangalytics_server.store.blocks.layout import pack_people, unpack_numbers
from djangalytics_server.store.blocks.named import named_columns
from djangalytics_server.store.tables import (
    Block,
    BlockColumn,
    BlockPeople,
    BlockProject,
    EventRow,
)

SIZE = 16_384
"""How many ids a block spans, 65,536 at most. What is not in one yet is read row by row: some
hundredths of a second at most."""
MOST_BYTES = 64_000_000
"""Of properties in a block; of one with more, none is laid down by columns."""

_PARTS = (BlockPeople, BlockColumn, BlockProject)
_BUCKETS = 256
_LENGTH = "SELECT coalesce(sum(length(properties)), 0) FROM events WHERE id BETWEEN ? AND ?"
_ROWS = (
    f"SELECT project_id + 0, id, timestamp, {{properties}}, insert_id, {', '.join(FIELDS)}"  # noqa: S608 - constants
    " FROM events WHERE id BETWEEN ? AND ? ORDER BY 1, timestamp, id"
)
_DROPPED = 16
"""So many blocks are thrown away in one transaction before their events are removed."""

Stretch = tuple[int, int]
"""The first and the last id, both in it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a block will hold; nothing is written yet."""

    stretch: Stretch
    projects: Sequence[Encoded]
    known: Mapping[int, Mapping[str, int]]
    """Of each project the numbers of its people who have one."""


def next_stretch(connection: Connection, *, anew: bool) -> Stretch | None:
    """The first ids that could be a block and are not; without ``anew``, after all blocks."""
    taken = set(connection.scalars(select(Block.first_id)))
    highest = connection.scalar(select(func.max(EventRow.id))) or 0
    begin = 1 if anew else max(taken, default=1 - SIZE) + SIZE
    for first in range(begin, highest - SIZE + 2, SIZE):
        if first not in taken:
            return first, first + SIZE - 1
    return None


def is_free(connection: Connection, stretch: Stretch) -> bool:
    """Whether there is no such block yet."""
    there = select(Block.first_id).where(Block.first_id == stretch[0])
    return connection.scalar(there) is None


def made(connection: Connection, stretch: Stretch) -> Made:
    """Read the events of a stretch, and lay them down by columns."""
    projects = list(_encoded(connection, stretch))
    known = {
        part.project_id: numbers.known(connection, part.project_id, _people_of(part))
        for part in projects
    }
    return Made(stretch, projects, known)


def _people_of(part: Encoded) -> list[str]:
    return sorted({person for person, _ in part.people})


def _encoded(connection: Connection, stretch: Stretch) -> Iterator[Encoded]:
    size = connection.exec_driver_sql(_LENGTH, stretch).scalar_one()
    properties = "properties" if size <= MOST_BYTES else "NULL"
    # The driver's own rows, which need no second form.
    rows: Any = connection.exec_driver_sql(_ROWS.format(properties=properties), stretch).cursor
    try:
        for project_id, events in groupby(rows, itemgetter(0)):
            yield encoded(connection, project_id, stretch[0], [event[1:] for event in events])
    finally:
        rows.close()


def write(connection: Connection, block: Made) -> None:
    """Write a block, in a writer's transaction in which its events are still what they were."""
    first, last = block.stretch
    for part in block.projects:
        times = unpack_numbers(part.times)
        days.forget(connection, part.project_id, times)
        mine = {"project_id": part.project_id, "first_id": first}
        connection.execute(
            insert(BlockProject).values(
                **mine, low=part.low, high=part.high, partial=part.partial, times=part.times
            )
        )
        known = block.known[part.project_id]
        new = [person for person in _people_of(part) if person not in known]
        told = {**known, **numbers.given(connection, part.project_id, new)}
        found = {**part.columns, **named_columns(part.named, told, times)}
        columns = [{**mine, "name": name, "data": data} for name, data in found.items()]
        connection.execute(insert(BlockColumn), columns)
        buckets = [{**mine, "bucket": at, "data": data} for at, data in people(part, first)]
        if buckets:
            connection.execute(insert(BlockPeople), buckets)
    connection.execute(insert(Block).values(first_id=first, last_id=last))


def drop(connection: Connection, ids: Iterable[int]) -> int:
    """Throw away every block with one of these events; how many they were."""
    found = touched(connection, ids)
    times: defaultdict[int, list[int]] = defaultdict(list)
    held = select(BlockProject.project_id, BlockProject.times)
    for first in found:
        for project_id, some in connection.execute(held.where(BlockProject.first_id == first)):
            times[project_id] += days.openings(unpack_numbers(some))
    for project_id, openings in times.items():
        days.forget(connection, project_id, sorted(openings))
    for first in found:
        for part in (*_PARTS, Block):
            connection.execute(delete(part).where(part.first_id == first))
    if found:
        numbers.note_drop(connection)
    return len(found)


def drop_project(connection: Connection, project_id: int, ids: Sequence[int]) -> None:
    """Throw away what the blocks with these events hold of the project; all of it, without any."""
    every = select(BlockProject.first_id).where(BlockProject.project_id == project_id)
    firsts = touched(connection, ids) if ids else connection.scalars(every).all()
    for part in _PARTS:
        mine = delete(part).where(part.project_id == project_id)
        for first in firsts:
            connection.execute(mine.where(part.first_id == first))


def in_portions(ids: Sequence[int]) -> Iterator[list[int]]:
    """The ids cut so that each portion is of few blocks: to throw many away takes long."""
    portion: list[int] = []
    blocks: set[int] = set()
    for event_id in ids:
        blocks.add(event_id // SIZE)
        if len(blocks) > _DROPPED:
            yield portion
            portion, blocks = [], {event_id // SIZE}
        portion.append(event_id)
    if portion:
        yield portion


def touched(connection: Connection, ids: Iterable[int]) -> list[int]:
    """The first ids of the blocks with these events."""
    rows = connection.execute(select(Block.first_id, Block.last_id).order_by(Block.first_id)).all()
    firsts = [row[0] for row in rows]
    found: set[int] = set()
    for event_id in ids if rows else ():
        place = bisect_right(firsts, event_id) - 1
        if place >= 0 and event_id <= rows[place][1]:
            found.add(firsts[place])
    return sorted(found)


def key_of(distinct_id: str) -> int:
    """A digest of a person's id: 32 bits, which others may have too."""
    return int.from_bytes(blake2b(distinct_id.encode(), digest_size=4).digest(), "big")


def bucket_of(key: int) -> int:
    """In which part of the list of people a digest stands."""
    return key % _BUCKETS


def people(part: Encoded, first: int) -> Iterator[tuple[int, bytes]]:
    """Digests of people beside the places of their events in the block, in buckets."""
    buckets: defaultdict[int, tuple[array[int], array[int]]] = defaultdict(
        lambda: (array("I"), array("H"))
    )
    known: dict[str, int] = {}
    for person, event_id in part.people:
        key = known.get(person)
        if key is None:
            key = known[person] = key_of(person)
        keys, places = buckets[bucket_of(key)]
        keys.append(key)
        places.append(event_id - first)
    for bucket, (keys, places) in sorted(buckets.items()):
        yield bucket, pack_people(keys, places)
