"""What a project has in blocks, and what it has beside them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

from sqlalchemy import Connection, func, select

from djangalytics_server.model.query_filter import Field, Subject
from djangalytics_server.store.blocks.encoding import FIELDS, field_column, property_column
from djangalytics_server.store.blocks.layout import Column, unpack, unpack_numbers
from djangalytics_server.store.blocks.making import Stretch
from djangalytics_server.store.blocks.masks import PEOPLE
from djangalytics_server.store.blocks.named import NAMED, unpack_named
from djangalytics_server.store.tables import (
    Block,
    BlockColumn,
    BlockProject,
    EventRow,
)

_low = attrgetter("low")
_MOST_AHEAD = 8
_FAR = 2**62


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project's events of one block are: its first id and their first and last time."""

    first_id: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Cover:
    """A project's blocks by their first times, and the stretches of ids that none of them has."""

    places: Sequence[Place]
    loose: Sequence[Stretch]

    @property
    def loose_ids(self) -> int:
        """How many events are in no block, at most."""
        return sum(last - first + 1 for first, last in self.loose)


def cover(connection: Connection, project_id: int, subjects: Sequence[Subject]) -> Cover | None:
    """What the blocks have of these subjects; None if they have not all, or there are none."""
    if any(isinstance(subject, Field) and subject.name not in FIELDS for subject in subjects):
        return None
    built = connection.execute(select(Block.first_id, Block.last_id).order_by(Block.first_id)).all()
    if not built:
        return None
    mine = BlockProject
    rows = connection.execute(
        select(mine.first_id, mine.low, mine.high, mine.partial).where(
            mine.project_id == project_id
        )
    ).all()
    partial_ones = {row.first_id for row in rows if row.partial}
    without = _without(connection, project_id, subjects, partial_ones) if partial_ones else set()
    places = [Place(*row[:3]) for row in rows if row.first_id not in without]
    highest = connection.scalar(select(func.max(EventRow.id))) or 0
    usable = [(first, last) for first, last in built if first not in without]
    return Cover(sorted(places, key=_low), _between(usable, highest))


def _without(
    connection: Connection, project_id: int, subjects: Sequence[Subject], partial_ones: set[int]
) -> set[int]:
    """Those of the partial blocks that may lack a property which was left out."""
    lacking: set[int] = set()
    for subject in subjects:
        if isinstance(subject, Field):
            continue
        there = connection.scalars(
            select(BlockColumn.first_id).where(
                BlockColumn.project_id == project_id,
                BlockColumn.name == property_column(subject.name),
            )
        )
        lacking |= partial_ones.difference(there)
    return lacking


def _between(built: Sequence[Stretch], highest: int) -> list[Stretch]:
    """The ids up to the highest that are in none of these."""
    found, begin = [], 1
    for first, last in built:
        if begin < first:
            found.append((begin, first - 1))
        begin = last + 1
    if begin <= highest:
        found.append((begin, highest))
    return found


class _Ahead:
    """Reads the rows of blocks one after the other, the more at once the more of them were asked.

    To find one row among others that are as long takes as long as to read some that follow it.
    """

    def __init__(self, asked: Callable[[int, int], dict[int, bytes]]) -> None:
        self._asked = asked
        self._rows: dict[int, bytes] = {}
        self._range = range(0)
        self._used = 0

    def row(self, first_id: int) -> bytes | None:
        """The row of a block."""
        if first_id not in self._range:
            most = min(2 * self._used, _MOST_AHEAD) or 1
            self._rows, self._used = self._asked(first_id, most), 0
            last = max(self._rows, default=first_id) if len(self._rows) == most else _FAR
            self._range = range(first_id, max(first_id, last) + 1)
        self._used += 1
        return self._rows.get(first_id)


class Reader:
    """Reads a project's columns, block by block."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self.connection, self.project_id = connection, project_id
        self._cursor = partial(connection.exec_driver_sql)
        self._times = _Ahead(self._next_times)
        self._columns: dict[str, _Ahead] = {}

    def times(self, place: Place) -> array[int]:
        """When the events of a block were, in order."""
        row = self._times.row(place.first_id)
        assert row is not None
        return unpack_numbers(row)

    def column(self, place: Place, subject: Subject, events: int) -> Column:
        """The column of a subject; that of a property which no event there has is all None."""
        if subject == PEOPLE:
            return Column([], self._people(place, events))
        field = isinstance(subject, Field)
        name = field_column(subject.name) if field else property_column(subject.name)
        data = self.data(place.first_id, name)
        return Column([None], bytes(events)) if data is None else unpack(data)

    def columns(self, place: Place, events: int) -> Callable[[Subject], Column]:
        """Tells the columns of a block, each of which is read once."""
        known: dict[Subject, Column] = {}

        def of(subject: Subject) -> Column:
            if subject not in known:
                known[subject] = self.column(place, subject, events)
            return known[subject]

        return of

    def _people(self, place: Place, events: int) -> list[int]:
        found = [0] * events
        data = self.data(place.first_id, NAMED)
        if data is not None:
            named = unpack_named(data)
            for at, number in zip(named.places, named.numbers, strict=True):
                found[at] = number
        return found

    def data(self, first_id: int, name: str) -> bytes | None:
        """What is stored as a column of a block; None if it has none of this name."""
        ahead = self._columns.get(name)
        if ahead is None:
            ahead = self._columns[name] = _Ahead(partial(self._next_columns, name))
        return ahead.row(first_id)

    def _next_times(self, first_id: int, most: int) -> dict[int, bytes]:
        rows = self._cursor(
            "SELECT first_id, times FROM block_projects"
            " WHERE project_id = ? AND first_id >= ? ORDER BY first_id LIMIT ?",
            (self.project_id, first_id, most),
        )
        return {first: bytes(times) for first, times in rows}

    def _next_columns(self, name: str, first_id: int, most: int) -> dict[int, bytes]:
        rows = self._cursor(
            "SELECT first_id, data FROM block_columns"
            " WHERE project_id = ? AND name = ? AND first_id >= ? ORDER BY first_id LIMIT ?",
            (self.project_id, name, first_id, most),
        )
        return {first: bytes(data) for first, data in rows}
