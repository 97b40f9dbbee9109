"""Which events of a block may be on a page: found by its columns, to be read as rows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import compress, repeat

from sqlalchemy import Connection, select

from djangalytics_server.model.query import EventPage
from djangalytics_server.model.query_filter import (
    AllOf,
    Condition,
    Field,
    FieldName,
    Filter,
    Property,
    Subject,
)
from djangalytics_server.store.blocks import places
from djangalytics_server.store.blocks.encoding import FIELDS
from djangalytics_server.store.blocks.layout import Column
from djangalytics_server.store.blocks.making import Stretch
from djangalytics_server.store.blocks.masks import Judge, both, subjects
from djangalytics_server.store.blocks.mentions import Needle, Texts
from djangalytics_server.store.blocks.reading import Place, Reader
from djangalytics_server.store.tables import Block, BlockProject

_FAR = 2**63


def stretches(connection: Connection) -> Sequence[Stretch]:
    """The ids that each block spans, the newest first."""
    blocks = select(Block.first_id, Block.last_id).order_by(Block.first_id.desc())
    return [(first, last) for first, last in connection.execute(blocks)]


class Seeker:
    """Looks for the events of one page, block by block.

    What its columns cannot tell is left to whoever reads the rows: none is missed.
    """

    def __init__(self, connection: Connection, page: EventPage, spellings: Sequence[str]) -> None:
        self._connection, self._page = connection, page
        self._project = page.project_id
        self._from = -_FAR if page.start is None else page.start
        self._to = _FAR if page.end is None else page.end
        self._needle = Needle(spellings) if spellings else None
        self._filter = _judged(page)
        self._judge = Judge(connection)
        self._reader = Reader(connection, page.project_id)

    @cached_property
    def _places(self) -> dict[int, tuple[Place, bool]]:
        mine = BlockProject
        question = select(mine.first_id, mine.low, mine.high, mine.partial).where(
            mine.project_id == self._project
        )
        rows = self._connection.execute(question)
        return {first: (Place(first, low, high), partial) for first, low, high, partial in rows}

    @property
    def helps(self) -> bool:
        """Whether columns tell anything of such a page."""
        timed = self._page.start is not None or self._page.end is not None
        searched = self._needle is not None and self._needle.helps
        return timed or searched or self._filter is not None

    @property
    def judges(self) -> bool:
        """Whether they tell more of them than when they were."""
        return self._filter is not None

    def ids(self, first: int) -> Sequence[int] | None:
        """The ids of those in a block, the newest first; None where it does not tell."""
        row = self._places.get(first)
        if row is None:
            return []
        found = self._found(*row)
        return None if found is None else sorted((one for _, one in found), reverse=True)

    def marks(self, first: int) -> Sequence[tuple[int, int]] | None:
        """The times and ids of the same, in no order."""
        row = self._places.get(first)
        return [] if row is None else self._found(*row, times=True)

    def _found(
        self, place: Place, partial: bool, *, times: bool = False
    ) -> list[tuple[int, int]] | None:
        """Times, if they are asked for, and ids."""
        if partial:
            return None
        if not self._from <= place.high or not place.low < self._to:
            return []
        stored = self._reader.data(place.first_id, places.PLACES)
        if stored is None:
            return None
        mask = self._passing(place, places.how_many(stored))
        if 1 not in mask:
            return []
        ids = map(place.first_id.__add__, compress(places.unpack_places(stored), mask))
        when = compress(self._reader.times(place), mask) if times else repeat(0)
        return [*zip(when, ids, strict=False)]

    def _passing(self, place: Place, events: int) -> bytes:
        mask = self._in_time(place, events)
        if self._filter is not None:

            def of(subject: Subject) -> Column:
                return self._reader.column(place, subject, events)

            mask = both(mask, self._judge.mask(self._filter, of, events))
        if self._needle is None or not self._needle.helps or 1 not in mask:
            return mask
        texts = Texts(self._connection, self._project, place.first_id, events)
        return both(mask, self._needle.mask(texts))

    def _in_time(self, place: Place, events: int) -> bytes:
        if self._from <= place.low and place.high < self._to:
            return bytes([1]) * events
        times = self._reader.times(place)
        low, high = bisect_left(times, self._from), bisect_left(times, self._to)
        return (bytes(low) + bytes([1]) * (high - low)).ljust(events, b"\0")


def _judged(page: EventPage) -> Filter | None:
    """As much of what a page asks as columns can tell."""
    fields: tuple[tuple[FieldName, str | None], ...] = (
        ("distinct_id", page.distinct_id),
        ("session_id", page.session_id),
        ("source", page.source),
    )
    found: list[Filter] = [
        Condition(Field(name), "is", (value,)) for name, value in fields if value is not None
    ]
    if page.event_names:
        found.append(Condition(Field("event_name"), "one_of", page.event_names))
    found += filter(_is_told, _parts(page.filter))
    return AllOf(tuple(found)) if found else None


def _parts(whole: Filter | None) -> Iterator[Filter]:
    """What has to be true together."""
    if isinstance(whole, AllOf):
        for part in whole.filters:
            yield from _parts(part)
    elif whole is not None:
        yield whole


def _is_told(part: Filter) -> bool:
    return all(isinstance(one, Property) or one.name in FIELDS for one in subjects(part))
