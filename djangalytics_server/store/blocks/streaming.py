"""Everybody's events in the order of their time, read by columns: what sessions and paths take."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, repeat
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from djangalytics_server.model.insight import Kind, Moment, Range, Stream
from djangalytics_server.model.query_filter import AllOf, Condition, Field, Filter, Subject
from djangalytics_server.store.blocks.layout import Column
from djangalytics_server.store.blocks.looking import MOST_LOOSE
from djangalytics_server.store.blocks.making import Stretch
from djangalytics_server.store.blocks.masks import PEOPLE, Judge, subjects
from djangalytics_server.store.blocks.numbered import Everybody
from djangalytics_server.store.blocks.portions import Source, portions
from djangalytics_server.store.blocks.reading import Cover, Place, Reader, cover
from djangalytics_server.store.insights.conditions import clause
from djangalytics_server.store.insights.scans import raw_value
from djangalytics_server.store.insights.walks import bits_told, is_of
from djangalytics_server.store.tables import EventRow

_SESSION = Field("session_id")
_CheckTime = Callable[[], None]
_Columns = Sequence[Sequence[Any]]
"""What a moment of a stream has, one column after the other, of events in order."""


def streamed(
    connection: Connection, everybody: Everybody, stream: Stream, check_time: _CheckTime
) -> Iterator[Moment] | None:
    """See ``Snapshot.stream``, with people's numbers for their ids; None: better by the indexes."""
    filters = [stream.filter, *map(_filter_of, stream.kinds)]
    wanted = [subject for filter in filters for subject in subjects(filter)]
    found = cover(connection, stream.project_id, [_SESSION, *stream.subjects, *wanted])
    if found is None or found.loose_ids > MOST_LOOSE:
        return None
    return _Streaming(connection, everybody, stream, check_time).moments(found)


class _Streaming:
    def __init__(
        self,
        connection: Connection,
        everybody: Everybody,
        stream: Stream,
        check_time: _CheckTime,
    ) -> None:
        self._connection, self._everybody = connection, everybody
        self._stream, self._check_time = stream, check_time
        self._reader = Reader(connection, stream.project_id)
        self._judge = Judge(connection)
        self._kinds = [*map(_filter_of, stream.kinds)]
        self._open: dict[int, _Columns] = {}

    def moments(self, found: Cover) -> Iterator[Moment]:
        """By time and arrival."""
        sources: list[Source[Place | None]] = [
            Source(p.low, p.high, p.first_id, p) for p in found.places
        ]
        for stretch in found.loose:
            self._check_time()
            columns = self._loose(stretch)
            if columns[0]:
                self._open[stretch[0]] = columns
                sources.append(Source(columns[0][0], columns[0][-1], stretch[0], None))
        for span, some in portions(sources, self._stream.span):
            self._check_time()
            yield from self._within(span, some)

    def _within(self, span: Range, sources: Sequence[Source[Place | None]]) -> Iterable[Moment]:
        """The events of some sources in a portion of time."""
        if len(sources) == 1:
            return zip(*self._cut(sources[0], span), strict=True)
        ranked = [
            ((moment[0], source.first_id, place), moment)
            for source in sources
            for place, moment in enumerate(zip(*self._cut(source, span), strict=True))
        ]
        ranked.sort(key=_rank)
        return [moment for _, moment in ranked]

    def _cut(self, source: Source[Place | None], span: Range) -> _Columns:
        columns = self._open.get(source.first_id)
        if columns is None:
            assert source.held is not None
            columns = self._open[source.first_id] = self._read(source.held)
        low, high = (bisect_left(columns[0], moment) for moment in span)
        if source.high < span[1]:
            del self._open[source.first_id]  # no later portion has any of it
        return [column[low:high] for column in columns]

    def _read(self, place: Place) -> _Columns:
        """The events of a block that count."""
        times = self._reader.times(place)
        of = self._reader.columns(place, len(times))

        def words(subject: Subject) -> list[Any]:
            column = of(subject)
            return [*map(column.words.__getitem__, column.codes)]

        columns: list[Sequence[Any]] = [
            times,
            [number or None for number in of(PEOPLE).codes],
            words(_SESSION),
            self._bits(of, len(times)),
            *map(words, self._stream.subjects),
        ]
        if self._stream.filter is None:
            return columns
        mask = self._judge.mask(self._stream.filter, of, len(times))
        return [[*compress(column, mask)] for column in columns]

    def _bits(self, of: Callable[[Subject], Column], events: int) -> Sequence[int]:
        bits: Sequence[int] = bytes(events)
        for at, filter in enumerate(self._kinds):
            mask = b"\1" * events if filter is None else self._judge.mask(filter, of, events)
            bits = [old | one << at for old, one in zip(bits, mask, strict=True)] if at else mask
        return bits

    def _loose(self, stretch: Stretch) -> _Columns:
        """Events in no block, by a look at the rows of their ids."""
        stream = self._stream
        # The sum keeps the engine off the indexes: the ids alone tell where to look.
        where: list[ColumnElement[bool]] = [
            EventRow.project_id + 0 == stream.project_id,
            EventRow.id.between(*stretch),
            EventRow.timestamp >= stream.span[0],
            EventRow.timestamp < stream.span[1],
        ]
        if stream.filter is not None:
            where.append(clause(stream.filter))
        question = select(
            EventRow.timestamp,
            EventRow.id,
            EventRow.distinct_id,
            EventRow.session_id,
            bits_told([is_of(kind) for kind in stream.kinds]),
            *(raw_value(subject).label(f"raw{at}") for at, subject in enumerate(stream.subjects)),
        ).where(*where)
        rows = [tuple(row) for row in self._connection.execute(question)]
        rows.sort(key=_time_and_id)
        times, _, people, *others = zip(*rows, strict=True) if rows else repeat((), 5)
        known = [person for person in people if person is not None]
        number_of = dict(zip(known, self._everybody.numbers(known), strict=True))
        return [times, [number_of.get(person) for person in people], *others]


def _filter_of(kind: Kind) -> Filter | None:
    """What an event of a kind passes; None if every one does."""
    filters: list[Filter] = [] if kind.filter is None else [kind.filter]
    if kind.event_name is not None:
        filters.insert(0, Condition(Field("event_name"), "is", (kind.event_name,)))
    return AllOf(tuple(filters)) if filters else None


def _rank(ranked: tuple[tuple[int, int, int], Moment]) -> tuple[int, int, int]:
    return ranked[0]


def _time_and_id(row: tuple[Any, ...]) -> tuple[int, int]:
    return row[0], row[1]
