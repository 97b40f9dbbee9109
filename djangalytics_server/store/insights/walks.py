"""Events in the order of their time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
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
from djangalytics_server.store.insights.crowds import days_of, pieces
from djangalytics_server.store.insights.lists import all_numbers, all_texts
from djangalytics_server.store.insights.scans import raw_value
from djangalytics_server.store.tables import EventRow

_AT_ONCE = 10_000


def walked(
    connection: Connection, walk: Walk, check_time: Callable[[], None]
) -> Iterator[Iterable[Moment]]:
    """By time and arrival, some at a time; ``check_time`` is called before every statement.

    An engine that has events by name and time need not put those of several names in order: here
    that is a matter of a few long runs.
    """
    names = _names(walk)
    looks = _looks(walk, names)
    check_time()
    for low, high in pieces([walk.span], days_of(connection, walk.project_id, names)):
        events: list[Moment] = []
        for statement, bits in looks:
            check_time()
            values = {"low": low, "high": high}
            if walk.breakdown:
                events += _rows(connection, statement, values)
                continue
            times, ids, people, *found = connection.execute(statement, values).one()
            if times:
                events += zip(times, ids, people, found[0] if found else repeat(bits), strict=False)
        events.sort()
        yield events


def _names(walk: Walk) -> list[str]:
    """The names of all that is walked through; none, if any name may be among them."""
    names = {kind.event_name for kind in walk.kinds}
    if walk.all or None in names:
        return []
    return sorted(name for name in names if name is not None)


def _looks(walk: Walk, names: Sequence[str]) -> list[tuple[Select[Any], int]]:
    """Statements, and the kinds of all that the statement finds if it does not say them.

    Their first two columns put any events in order.
    """
    row = EventRow.timestamp, EventRow.id, EventRow.distinct_id
    matches = [is_of(kind) for kind in walk.kinds]
    filtered = any(kind.filter is not None for kind in walk.kinds)
    if walk.breakdown:
        first = or_(*matches[: walk.broken])
        raws = [case((first, raw_value(subject)), else_=null()) for subject in walk.breakdown]
        return [(_narrowed(select(*row, bits_told(matches), *raws), walk, names), 0)]
    lists = [all_numbers(row[0].expression), all_numbers(row[1].expression)]
    lists.append(all_texts(row[2].expression))
    if filtered or not names:
        lists.append(all_numbers(bits_told(matches)))
        return [(_narrowed(select(*lists), walk, names), 0)]
    return [(_narrowed(select(*lists), walk, [name]), bits_of(walk, name)) for name in names]


def bits_of(walk: Walk, name: str) -> int:
    """The kinds of an event of a name, where nothing but the name counts."""
    return sum(1 << place for place, kind in enumerate(walk.kinds) if kind.event_name == name)


def _narrowed(question: Select[Any], walk: Walk, names: Sequence[str]) -> Select[Any]:
    """To the walk's events from ``low`` to ``high``."""
    found = [
        EventRow.project_id == walk.project_id,
        EventRow.timestamp >= bindparam("low", type_=BigInteger),
        EventRow.timestamp < bindparam("high", type_=BigInteger),
        EventRow.distinct_id.is_not(None),
    ]
    if walk.filter is not None:
        found.append(clause(walk.filter))
    if names:  # said apart, so that the index on names serves
        found.append(EventRow.event_name.in_(names))
    if not walk.all and any(kind.filter is not None for kind in walk.kinds):
        found.append(or_(*(is_of(kind) for kind in walk.kinds)))
    return question.where(*found)


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
            bits_told([is_of(kind) for kind in stream.kinds]),
            *(raw_value(subject) for subject in stream.subjects),
        )
        .where(*found)
        .order_by(EventRow.timestamp, EventRow.id)
    )
    return _rows(connection, statement)


def _rows(
    connection: Connection, statement: Select[Any], values: Mapping[str, int] | None = None
) -> Iterator[Moment]:
    rows = connection.execute(statement, values).cursor
    driver = connection.dialect.loaded_dbapi
    try:
        # The driver's own rows: there may be millions, and they need no second form.
        while some := rows.fetchmany(_AT_ONCE):
            yield from some
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error) from error
    finally:
        rows.close()


def bits_told(matches: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    """The kinds of an event, where it is told of each whether the event is of it."""
    bits: ColumnElement[int] = literal(0, Integer)
    for place, match in enumerate(matches):
        bits = bits + case((match, 1 << place), else_=0)
    return bits


def is_of(kind: Kind) -> ColumnElement[bool]:
    """Whether an event is of a kind."""
    parts: list[ColumnElement[bool]] = [true()]
    if kind.event_name is not None:
        parts.append(EventRow.event_name == kind.event_name)
    if kind.filter is not None:
        parts.append(clause(kind.filter))
    return and_(*parts)
