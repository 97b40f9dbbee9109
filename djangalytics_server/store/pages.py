"""The statement behind a page of raw events."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Executable, or_, select

from djangalytics_server.model.query import EventPage
from djangalytics_server.store.tables import EventRow

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


def newest(page: EventPage) -> Executable:
    """Events of one page in falling order of id; the columns are those of ``StoredEvent``."""
    return (
        select(*_COLUMNS)
        .where(EventRow.project_id == page.project_id, *_conditions(page))
        .order_by(EventRow.id.desc())
        .limit(page.limit)
    )


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
    if page.start is not None:
        conditions.append(EventRow.timestamp >= page.start)
    if page.end is not None:
        conditions.append(EventRow.timestamp < page.end)
    if page.search is not None:
        conditions.append(or_(*(c.icontains(page.search, autoescape=True) for c in _SEARCHED)))
    return conditions
