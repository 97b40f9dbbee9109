"""The statement behind a page of raw events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, func, or_, select

from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.query import EventPage
from djangalytics_server.store.insights.conditions import clause
from djangalytics_server.store.rollups import GRAINS
from djangalytics_server.store.tables import EventCount, EventRow

_COLUMNS = (
    EventRow.id,
    EventRow.insert_id,
    EventRow.event_name,
    EventRow.timestamp,
    EventRow.received_at,
    EventRow.properties,
    EventRow.distinct_id,
    EventRow.session_id,
    EventRow.source,
)
_SEARCHED = (
    EventRow.event_name,
    EventRow.insert_id,
    EventRow.distinct_id,
    EventRow.session_id,
    EventRow.source,
    EventRow.properties,
)


FEW = 2_000
"""Up to this many events are fetched by an index and sorted; of more, a walk is quicker."""


def weight(page: EventPage) -> Executable:
    """How many events the page's names and days hold at most, from the rollup."""
    conditions = [EventCount.project_id == page.project_id, EventCount.grain == GRAINS[0]]
    if page.event_names:
        conditions.append(EventCount.event_name.in_(page.event_names))
    if page.start is not None:
        conditions.append(EventCount.bucket > page.start // MICROSECONDS - GRAINS[0])
    if page.end is not None:
        conditions.append(EventCount.bucket < -(-page.end // MICROSECONDS))
    return select(func.coalesce(func.sum(EventCount.count), 0)).where(*conditions)


def is_narrowed(page: EventPage) -> bool:
    """Whether it is of some events alone, of which the newest may lie far back."""
    whole = EventPage(page.project_id, page.limit, page.before, page.after)
    return page != whole


def newest(page: EventPage, *, few: bool, among: Sequence[int] | None = None) -> Executable:
    """Events of one page in falling order of id; the columns are those of ``StoredEvent``.

    ``few`` says that the names and days hold few events, so that an index on them pays. Without
    it the sums below keep the engine off those indexes: it would gather and sort the whole
    range, where walking back from the newest event finds a page at once. ``among``: of these ids.
    """
    return (
        select(*_COLUMNS)
        .where(*_range(page, few), *_conditions(page), *_these(among))
        .order_by(EventRow.id.desc())
        .limit(page.limit)
    )


def _these(ids: Sequence[int] | None) -> list[ColumnElement[bool]]:
    if ids is None:
        return []
    if isinstance(ids, range):
        return [EventRow.id.between(ids[0], ids[-1])]
    return [EventRow.id.in_(ids)]


def latest(page: EventPage, among: Sequence[int] | None = None) -> Executable:
    """Events of a page by ``timestamp`` in falling order; ``among``: of these ids."""
    columns = [column.expression for column in _COLUMNS]
    return _by_time(page, columns, among).limit(page.limit)


def marks(page: EventPage, among: Sequence[int]) -> Executable:
    """The same for their places alone, without a limit."""
    return _by_time(page, [EventRow.timestamp.expression, EventRow.id.expression], among)


def _by_time(
    page: EventPage, columns: Sequence[ColumnElement[Any]], among: Sequence[int] | None
) -> Select[Any]:
    where = [*_range(page, few=among is None), *_conditions(page)]
    return (
        select(*columns)
        .where(*where, *_these(among))
        .order_by(EventRow.timestamp.desc(), EventRow.id.desc())
    )


def oldest(page: EventPage) -> Executable:
    """Events of one page in rising order of id, looked for along the ids."""
    return (
        select(*_COLUMNS)
        .where(*_range(page, few=False), *_conditions(page))
        .order_by(EventRow.id)
        .limit(page.limit)
    )


def _range(page: EventPage, few: bool) -> list[ColumnElement[bool]]:
    project: ColumnElement[int] = EventRow.project_id + 0
    time: ColumnElement[int] = EventRow.timestamp + 0
    if few:
        project, time = EventRow.project_id.expression, EventRow.timestamp.expression
    conditions = [project == page.project_id]
    if page.start is not None:
        conditions.append(time >= page.start)
    if page.end is not None:
        conditions.append(time < page.end)
    return conditions


def _conditions(page: EventPage) -> list[ColumnElement[bool]]:
    exact = (
        (EventRow.distinct_id, page.distinct_id),
        (EventRow.session_id, page.session_id),
        (EventRow.source, page.source),
    )
    conditions: list[ColumnElement[bool]] = [c == v for c, v in exact if v is not None]
    if page.event_names:
        conditions.append(EventRow.event_name.in_(page.event_names))
    if page.before is not None:
        conditions.append(EventRow.id < page.before)
    if page.after is not None:
        conditions.append(EventRow.id > page.after)
    if page.below is not None:  # for the index on times, ``end`` says the same less exactly
        time, last = page.below
        conditions.append(or_(EventRow.timestamp < time, EventRow.id < last))
    if page.search is not None:
        conditions.append(_mentions(page.search))
    if page.filter is not None:
        conditions.append(clause(page.filter))
    return conditions


def _mentions(text: str) -> ColumnElement[bool]:
    """The text stands somewhere in the event; in the properties also as JSON writes it."""
    found = [column.icontains(text, autoescape=True) for column in _SEARCHED]
    found += [EventRow.properties.icontains(one, autoescape=True) for one in _in_json(text)]
    return or_(*found)


def spellings(page: EventPage) -> list[str]:
    """The ways in which an event may have the text that is searched for; none without a search."""
    return [] if page.search is None else [page.search, *_in_json(page.search)]


def _in_json(text: str) -> list[str]:
    """How JSON writes the text, if that is another way."""
    written = json.dumps(text, ensure_ascii=False)[1:-1]
    return [] if written == text else [written]
