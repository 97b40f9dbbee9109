"""The statements behind the list of events and their properties."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, case, func, select

from djangalytics_server.model.definitions import EventSeen, PropertySeen
from djangalytics_server.store.tables import EventDefinition, PropertyDefinition

_NAMES_AT_ONCE = 500


def definitions(
    connection: Connection, project_id: int, event_names: Sequence[str], limit: int
) -> list[EventSeen]:
    """The project's most frequent events, those asked for or all, with their properties."""
    known = EventDefinition
    question = (
        select(known.event_name, known.count, known.first_seen, known.last_seen)
        .where(known.project_id == project_id)
        .order_by(known.count.desc(), known.event_name)
        .limit(limit)
    )
    if event_names:
        question = question.where(known.event_name.in_(event_names))
    events = connection.execute(question).all()
    carried: dict[str, list[PropertySeen]] = {event.event_name: [] for event in events}
    names = list(carried)
    for start in range(0, len(names), _NAMES_AT_ONCE):
        for name, seen in _properties(connection, project_id, names[start:][:_NAMES_AT_ONCE]):
            carried[name].append(seen)
    # Sorted here: engines differ in how they order letters.
    by_name = {n: tuple(sorted(c, key=lambda p: (p.name, p.type))) for n, c in carried.items()}
    found = [EventSeen(*event, properties=by_name[event.event_name]) for event in events]
    return sorted(found, key=lambda event: (-event.count, event.event_name))


def _properties(
    connection: Connection, project_id: int, names: Sequence[str]
) -> list[tuple[str, PropertySeen]]:
    known = PropertyDefinition
    question = select(
        known.event_name,
        known.property,
        known.type,
        known.count,
        known.first_seen,
        known.last_seen,
    ).where(known.project_id == project_id, known.event_name.in_(names))
    return [(row[0], PropertySeen(*row[1:])) for row in connection.execute(question)]


def event_names(
    connection: Connection, project_id: int, typed: str, limit: int
) -> list[tuple[str, int]]:
    """Names with a text in them and their counts: those that begin with it, the most frequent."""
    known = EventDefinition
    begins = case((known.event_name.istartswith(typed, autoescape=True), 0), else_=1)
    question = (
        select(known.event_name, known.count)
        .where(known.project_id == project_id, known.event_name.icontains(typed, autoescape=True))
        .order_by(begins, known.count.desc(), known.event_name)
        .limit(limit)
    )
    return [(name, count) for name, count in connection.execute(question)]


def properties(
    connection: Connection, project_id: int, typed: str, event_name: str | None
) -> list[tuple[str, str, int]]:
    """Properties with a text in them, by type: how many events have them. In no order."""
    known = PropertyDefinition
    question = (
        select(known.property, known.type, func.sum(known.count))
        .where(known.project_id == project_id, known.property.icontains(typed, autoescape=True))
        .group_by(known.property, known.type)
    )
    if event_name is not None:
        question = question.where(known.event_name == event_name)
    return [(name, kind, int(count)) for name, kind, count in connection.execute(question)]
