"""People's events in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    case,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.exc import DBAPIError

from djangalytics_server.model.insight import Kind, Moment, Stream, Walk
from djangalytics_server.store.insights.conditions import clause
from djangalytics_server.store.insights.scans import raw_value
from djangalytics_server.store.tables import EventRow

_AT_ONCE = 10_000


def walked(connection: Connection, walk: Walk) -> Iterator[Moment]:
    """By person, time and arrival."""
    return _rows(connection, _statement(walk))


def streamed(connection: Connection, stream: Stream) -> Iterator[Moment]:
    """By time and arrival, as the index on time has them."""
    start, end = stream.span
    found = [
        EventRow.project_id == stream.project_id,
        EventRow.timestamp >= start,
        EventRow.timestamp < end,
    ]
    if stream.filter is not None:
        found.append(clause(stream.filter))
    statement = (
        select(
            EventRow.timestamp,
            EventRow.distinct_id,
            EventRow.session_id,
            _bits([_is_of(kind) for kind in stream.kinds]),
            *(raw_value(subject) for subject in stream.subjects),
        )
        .where(*found)
        .order_by(EventRow.timestamp, EventRow.id)
    )
    return _rows(connection, statement)


def _rows(connection: Connection, statement: Select[Any]) -> Iterator[Moment]:
    rows = connection.execute(statement).cursor
    driver = connection.dialect.loaded_dbapi
    try:
        # The driver's own rows: there may be millions, and they need no second form.
        while some := rows.fetchmany(_AT_ONCE):
            yield from some
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error) from error
    finally:
        rows.close()


def _statement(walk: Walk) -> Select[Any]:
    start, end = walk.span
    found = [
        EventRow.project_id == walk.project_id,
        EventRow.timestamp >= start,
        EventRow.timestamp < end,
        EventRow.distinct_id.is_not(None),
    ]
    if walk.filter is not None:
        found.append(clause(walk.filter))
    matches = [_is_of(kind) for kind in walk.kinds]
    names = {kind.event_name for kind in walk.kinds}
    if not walk.all:
        if None not in names:  # said apart, so that the index on names serves
            found.append(EventRow.event_name.in_(sorted(name for name in names if name)))
        if any(kind.filter is not None for kind in walk.kinds):
            found.append(or_(*matches))
    first = or_(*matches[: walk.broken])
    raws = [case((first, raw_value(subject)), else_=null()) for subject in walk.breakdown]
    return (
        select(EventRow.distinct_id, EventRow.timestamp, _bits(matches), *raws)
        .where(*found)
        .order_by(EventRow.distinct_id, EventRow.timestamp, EventRow.id)
    )


def _bits(matches: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    bits: ColumnElement[int] = literal(0, Integer)
    for place, match in enumerate(matches):
        bits = bits + case((match, 1 << place), else_=0)
    return bits


def _is_of(kind: Kind) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [true()]
    if kind.event_name is not None:
        parts.append(EventRow.event_name == kind.event_name)
    if kind.filter is not None:
        parts.append(clause(kind.filter))
    return and_(*parts)
