"""What one pass over all events says of their properties, and of the days they arrived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from djangalytics_server.model.audit import Key, Values
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.store import rollups
from djangalytics_server.store.tables import (
    EventRow,
    ExpiredDay,
    ExpiredDefinition,
    PropertyDefinition,
)

_BATCH = 5_000
_Span = list[int]


@dataclass(slots=True)
class Found:
    """Property definitions as stored and as true, and how many events arrived on which day.

    ``truth`` leaves out rows that need not be there: once a project has its full number of
    definitions, new ones are not kept.
    """

    stored: dict[Key, Values]
    truth: dict[Key, Values] = field(default_factory=dict)
    days: Counter[tuple[int, int]] = field(default_factory=Counter)


def scan(connection: Connection, advance: Callable[[int], None]) -> Found:
    """Read every event once, in order of arrival."""
    columns = PropertyDefinition.__table__.columns
    rows = connection.execute(select(*columns))
    found = Found({tuple(row[:4]): tuple(row[4:]) for row in rows})
    spans: dict[Key, _Span] = {}
    unknown: Counter[int] = Counter()
    _begin_with_expired(connection, found, spans, unknown)
    last = -1
    while True:
        events = _batch(connection, last)
        if not events:
            break
        last = events[-1].id
        for event in events:
            found.days[event.project_id, event.received_at // MICROSECONDS // DAY_SECONDS] += 1
        for key, span in _spans(events).items():
            _add(spans, key, span, found.stored, unknown)
        advance(len(events))
    found.truth = _wanted(spans, found.stored)
    return found


def _begin_with_expired(
    connection: Connection, found: Found, spans: dict[Key, _Span], unknown: Counter[int]
) -> None:
    """Events that went by retention are as good as there: they are counted still."""
    columns = ExpiredDefinition.__table__.columns
    for row in connection.execute(select(*columns).where(ExpiredDefinition.type != "")):
        _add(spans, tuple(row[:4]), list(row[4:]), found.stored, unknown)
    days = select(ExpiredDay.project_id, ExpiredDay.day, ExpiredDay.count)
    for project_id, day, count in connection.execute(days):
        found.days[project_id, day] += count


def _batch(connection: Connection, last: int) -> list[Row[Any]]:
    question = (
        select(
            EventRow.id,
            EventRow.project_id,
            EventRow.event_name,
            EventRow.timestamp,
            EventRow.received_at,
            EventRow.properties,
        )
        .where(EventRow.id > last)
        .order_by(EventRow.id)
        .limit(_BATCH)
    )
    return list(connection.execute(question))


def _spans(events: Sequence[Row[Any]]) -> dict[Key, _Span]:
    """(project, event, property, type) -> how many, first seen, last seen; of one batch."""
    spans: dict[Key, _Span] = {}
    for event in events:
        for name, kind in zip(*rollups.shape_of(event.properties), strict=True):
            key = (event.project_id, event.event_name, name, rollups.TYPE_NAMES[kind])
            span = spans.get(key)
            if span is None:
                spans[key] = [1, event.timestamp, event.timestamp]
                continue
            span[0] += 1
            span[1] = min(span[1], event.timestamp)
            span[2] = max(span[2], event.timestamp)
    return spans


def _add(
    spans: dict[Key, _Span],
    key: Key,
    span: _Span,
    stored: dict[Key, Values],
    unknown: Counter[int],
) -> None:
    known = spans.get(key)
    if known is not None:
        spans[key] = [known[0] + span[0], min(known[1], span[1]), max(known[2], span[2])]
        return
    if key not in stored:
        project_id = int(key[0])
        if unknown[project_id] >= rollups.MOST_PROPERTIES:
            return
        unknown[project_id] += 1
    spans[key] = span


def _wanted(spans: dict[Key, _Span], stored: dict[Key, Values]) -> dict[Key, Values]:
    """The rows that must be there: the stored ones, and as many others as a project has room for.

    A stored row without events is left out: it should not be.
    """
    kept = Counter(int(key[0]) for key in spans if key in stored)
    truth: dict[Key, Values] = {}
    for key, span in spans.items():
        project_id = int(key[0])
        if key not in stored:
            if kept[project_id] >= rollups.MOST_PROPERTIES:
                continue
            kept[project_id] += 1
        truth[key] = tuple(span)
    return truth
