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
    Select,
    and_,
    bindparam,
    case,
    distinct,
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
        for row in connection.execute(statements[len(ranges)], _bounds(ranges)):
            *group, detail, events, known, people = row
            place = tuple(group) if scan.chosen is None else int(group[0])
            yield Cell(slot, place, detail, int(events), int(known), int(people))


def _bounds(ranges: Sequence[Range]) -> dict[str, int]:
    return {
        f"{name}{place}": moment
        for place, ends in enumerate(ranges)
        for name, moment in zip(("start", "end"), ends, strict=True)
    }


def _statement(scan: Scan, ranges: int) -> Select[Any]:
    groups = [raw_value(subject).label(f"group{at}") for at, subject in enumerate(scan.breakdown)]
    if scan.chosen is not None:
        groups = [_place(scan.breakdown, scan.chosen).label("group0")]
    detail = _detail(scan).label("detail")
    people = func.count(distinct(EventRow.distinct_id)) if scan.what == "people" else literal(0)
    # The name of a column in GROUP BY, so that no bound value is told from an equal one.
    told_apart = [column.name for column in groups]
    if scan.what in ("ids", "values"):
        told_apart.append("detail")
    return (
        select(*groups, detail, func.count(), func.count(EventRow.distinct_id), people)
        .where(*conditions(scan.project_id, scan.event_name, ranges), *_narrowed(scan))
        .group_by(*told_apart)
        .having(func.count() > 0)
    )


def conditions(project_id: int, event_name: str | None, ranges: int) -> list[ColumnElement[bool]]:
    """Events of a project, perhaps of one name, in any of so many ranges: start0, end0, …"""
    found: list[ColumnElement[bool]] = [EventRow.project_id == project_id]
    if event_name is not None:
        found.append(EventRow.event_name == event_name)
    pieces = [
        and_(
            EventRow.timestamp >= bindparam(f"start{at}", type_=BigInteger),
            EventRow.timestamp < bindparam(f"end{at}", type_=BigInteger),
        )
        for at in range(ranges)
    ]
    return [*found, pieces[0] if ranges == 1 else or_(false(), *pieces)]


def _narrowed(scan: Scan) -> Iterator[ColumnElement[bool]]:
    if scan.filter is not None:
        yield clause(scan.filter)
    if scan.what == "ids":
        yield EventRow.distinct_id.is_not(None)
    if scan.what == "values":
        yield vocabulary.member_type(scan.property).in_(_NUMBERS)


def _detail(scan: Scan) -> ColumnElement[Any]:
    if scan.what == "ids":
        return EventRow.distinct_id.expression
    # As it was written: engines differ in the last bit of what they read.
    return vocabulary.member_raw(scan.property) if scan.what == "values" else null()


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
