"""A look at raw events, one statement for each slot.

A slot's events lie together in the index on time, so that asking for them alone is quicker than
grouping all events by a computed interval; and no engine has to know what a local day is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Label,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    null,
    or_,
    select,
)

from djangalytics_server.model.insight import Cell, Chosen, Range, Raw, Scan
from djangalytics_server.model.query_filter import Field, Subject
from djangalytics_server.store.insights import vocabulary
from djangalytics_server.store.insights.conditions import COLUMNS, clause
from djangalytics_server.store.tables import EventRow

_NUMBERS = ("integer", "real", "number")
"""What the engines call the type of a number."""


def scanned(connection: Connection, scan: Scan, check_time: Callable[[], None]) -> Iterator[Cell]:
    """What there is in each slot; nothing of a slot without events.

    ``check_time`` is called before every statement.
    """
    statements: dict[int, Select[Any]] = {}
    for slot, ranges in enumerate(scan.slots):
        if not ranges:
            continue
        check_time()
        if len(ranges) not in statements:
            statements[len(ranges)] = _statement(scan, len(ranges))
        for *group, number, events in connection.execute(statements[len(ranges)], bounds(ranges)):
            yield Cell(slot, place_of(scan, group), number, int(events))


def place_of(scan: Scan, group: Sequence[Any]) -> tuple[Raw, ...] | int:
    """The group of a row; see ``model.insight.Cell``."""
    return tuple(group) if scan.chosen is None else int(group[0])


def bounds(ranges: Sequence[Range]) -> dict[str, int]:
    """The values of start0, end0, … in a statement."""
    return {
        f"{name}{place}": moment
        for place, ends in enumerate(ranges)
        for name, moment in zip(("start", "end"), ends, strict=True)
    }


def _statement(scan: Scan, ranges: int) -> Select[Any]:
    groups = columns(scan)
    where = conditions(scan, ranges)
    if scan.numbers_of is None:
        return grouped(groups, null(), func.count()).where(*where)
    # As it was written: engines differ in the last bit of what they read.
    number = vocabulary.member_raw(scan.numbers_of).label("number")
    where.append(vocabulary.member_type(scan.numbers_of).in_(_NUMBERS))
    return grouped(groups, number, func.count()).where(*where).group_by(number.name)


def columns(scan: Scan) -> list[Label[Any]]:
    """What tells a row's group."""
    if scan.chosen is not None:
        return [_place(scan.breakdown, scan.chosen).label("group0")]
    return [raw_value(subject).label(f"group{at}") for at, subject in enumerate(scan.breakdown)]


def grouped(groups: Sequence[Label[Any]], *asked: ColumnElement[Any]) -> Select[Any]:
    """What is asked of each group; nothing of one without events."""
    # The name of a column in GROUP BY, so that no bound value is told from an equal one.
    names = [column.name for column in groups]
    return select(*groups, *asked).group_by(*names).having(func.count() > 0)


def conditions(scan: Scan, ranges: int) -> list[ColumnElement[bool]]:
    """Events of the scan in any of so many ranges: start0, end0, …"""
    found: list[ColumnElement[bool]] = [EventRow.project_id == scan.project_id]
    if scan.event_name is not None:
        found.append(EventRow.event_name == scan.event_name)
    if scan.filter is not None:
        found.append(clause(scan.filter))
    pieces = [
        and_(
            EventRow.timestamp >= bindparam(f"start{at}", type_=BigInteger),
            EventRow.timestamp < bindparam(f"end{at}", type_=BigInteger),
        )
        for at in range(ranges)
    ]
    return [*found, pieces[0] if ranges == 1 else or_(false(), *pieces)]


def raw_value(subject: Subject) -> ColumnElement[Any]:
    """What a row says of a breakdown: see ``model.insight.Raw``."""
    if isinstance(subject, Field):
        return COLUMNS[subject.name]
    return vocabulary.member_raw(subject.name)


def _place(breakdown: Sequence[Subject], chosen: Chosen) -> ColumnElement[int]:
    cases = []
    for place, group in enumerate(chosen.groups):
        pairs = zip(breakdown, group, strict=True)
        cases.append((and_(*(_is(raw_value(subject), raws) for subject, raws in pairs)), place))
    return case(*cases, else_=-1) if cases else literal(-1)


def _is(column: ColumnElement[Any], raws: frozenset[Raw]) -> ColumnElement[bool]:
    texts = sorted(raw for raw in raws if raw is not None)
    found = column.in_(texts) if texts else false()
    return or_(found, column.is_(None)) if None in raws else found
