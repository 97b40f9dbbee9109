"""Rollups without events that are removed, in the transaction that removes them.

The counts of the removed are subtracted. Only where one of them was the first or the last of its
kind have the others to be looked at, from that end on until one is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, FromClause, func, select

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS, Event
from djangalytics_server.store import rollups
from djangalytics_server.store.rollups import Definition, Group, Span
from djangalytics_server.store.statements import run
from djangalytics_server.store.tables import (
    EventDefinition,
    EventRow,
    ExpiredDefinition,
    PropertyDefinition,
)

Sides = tuple[int | None, int | None]
"""First and last time among the others; None where that end did not change or nothing is left."""
Edges = dict[Definition, Sides]

_NOBODY = (2**63 - 1, -1)
"""The ends where no other event has it, until one comes."""
_ROWS = 500
_LESS_COUNT = (
    "UPDATE event_counts SET count = count - ?"
    " WHERE project_id = ? AND grain = ? AND bucket = ? AND event_name = ?"
)
_NO_COUNT = (
    "DELETE FROM event_counts"
    " WHERE project_id = ? AND grain = ? AND bucket = ? AND event_name = ? AND count <= 0"
)
_DAY = "project_id = ? AND day = ? AND verdict = 'accepted' AND code = ''"
_LESS_ACCEPTED = f"UPDATE verdict_counts SET count = count - ? WHERE {_DAY}"  # noqa: S608 - of constants
_NO_ACCEPTED = f"DELETE FROM verdict_counts WHERE {_DAY} AND count <= 0"  # noqa: S608 - of constants
_SET_EVENT = (
    "UPDATE event_definitions SET count = ?, first_seen = ?, last_seen = ?"
    " WHERE project_id = ? AND event_name = ?"
)
_NO_EVENT = "DELETE FROM event_definitions WHERE project_id = ? AND event_name = ?"
_SET_PROPERTY = (
    "UPDATE property_definitions SET count = ?, first_seen = ?, last_seen = ?"
    " WHERE project_id = ? AND event_name = ? AND property = ? AND type = ?"
)
_NO_PROPERTY = (
    "DELETE FROM property_definitions"
    " WHERE project_id = ? AND event_name = ? AND property = ? AND type = ?"
)


@dataclass(frozen=True, slots=True)
class Removed:
    """Events of one project that are removed, and what they are to the rollups."""

    ids: frozenset[int]
    events: Sequence[Event]
    groups: list[Group]


def removed(ids: Iterable[int], events: Sequence[Event]) -> Removed:
    """Events with their ids, read for the rollups."""
    return Removed(frozenset(ids), events, rollups.grouped(events))


def edges(connection: Connection, gone: Removed) -> Edges:
    """The ends that property definitions will have without these events; reads, changes nothing.

    Mostly the next event from an end has what is looked for. A property that few events have may
    take long to find, so this is asked before anybody is kept waiting.
    """
    spans = rollups.property_spans(gone.groups)
    stored = _properties(connection, spans)
    first: dict[tuple[int, str], set[Definition]] = {}
    last: dict[tuple[int, str], set[Definition]] = {}
    found: Edges = {}
    for key, (count, begin, end) in spans.items():
        known = stored.get(key)
        if known is None:
            continue
        left = known[0] > count
        touched = begin <= known[1], end >= known[2]
        found[key] = (
            _NOBODY[0] if touched[0] or not left else None,
            _NOBODY[1] if touched[1] or not left else None,
        )
        if left and touched[0]:
            first.setdefault(key[:2], set()).add(key)
        if left and touched[1]:
            last.setdefault(key[:2], set()).add(key)
    for key, moment in _seek(connection, first, gone.ids, forwards=True).items():
        found[key] = moment, found[key][1]
    for key, moment in _seek(connection, last, gone.ids, forwards=False).items():
        found[key] = found[key][0], moment
    return found


def widened(found: Edges, arrived: Sequence[Event]) -> Edges:
    """The same where these events have come since."""
    spans = rollups.property_spans(rollups.grouped(arrived))
    wider = {}
    for key, (begin, end) in found.items():
        if key in spans:
            begin = None if begin is None else min(begin, spans[key][1])
            end = None if end is None else max(end, spans[key][2])
        wider[key] = begin, end
    return wider


def take_out(connection: Connection, gone: Removed, found: Edges) -> None:
    """Correct every rollup; the events' own rows are gone by now."""
    _uncount(connection, gone.groups)
    days = Counter(
        (e.project_id, e.received_at // MICROSECONDS // DAY_SECONDS) for e in gone.events
    )
    run(connection, _LESS_ACCEPTED, [(count, *day) for day, count in days.items()])
    run(connection, _NO_ACCEPTED, list(days))
    _undefine_events(connection, rollups.event_spans(gone.groups))
    _undefine_properties(connection, rollups.property_spans(gone.groups), found)


def _uncount(connection: Connection, groups: Iterable[Group]) -> None:
    cells = rollups.cells(groups)
    run(connection, _LESS_COUNT, [(count, *cell) for cell, count in cells.items()])
    run(connection, _NO_COUNT, list(cells))


def _undefine_events(connection: Connection, spans: Mapping[tuple[int, str], Span]) -> None:
    table, name, time = EventDefinition, EventRow.event_name, EventRow.timestamp
    for (project_id, event_name), (count, begin, end) in spans.items():
        key = project_id, event_name
        stored = connection.execute(
            select(table.count, table.first_seen, table.last_seen).where(
                table.project_id == project_id, table.event_name == event_name
            )
        ).first()
        if stored is None:
            continue
        known, first, last = stored
        if known <= count:
            run(connection, _NO_EVENT, [key])
            continue
        these = (EventRow.project_id == project_id, name == event_name)
        ends = first, last
        if begin <= first:
            found = connection.scalar(select(func.min(time)).where(*these))
            ends = _known(found, _NOBODY[0]), ends[1]
        if end >= last:
            found = connection.scalar(select(func.max(time)).where(*these))
            ends = ends[0], _known(found, _NOBODY[1])
        whole = (*key, "", "")
        expired = _expired(connection, [whole]).get(whole)
        first, last = _with_expired(ends, expired, (first, last))
        run(connection, _SET_EVENT, [(known - count, first, last, *key)])


def _known(found: int | None, otherwise: int) -> int:
    return otherwise if found is None else found


def _with_expired(
    ends: tuple[int, int], expired: Span | None, before: tuple[int, int]
) -> tuple[int, int]:
    """The ends with what went by retention, which counts; ``before`` where nothing is known."""
    first, last = ends
    if expired is not None:
        first, last = min(first, expired[1]), max(last, expired[2])
    return before[0] if first == _NOBODY[0] else first, before[1] if last == _NOBODY[1] else last


def _undefine_properties(
    connection: Connection, spans: Mapping[Definition, Span], found: Edges
) -> None:
    stored = _properties(connection, spans)
    expired = _expired(connection, spans)
    changed, none = [], []
    for key, (count, _, _) in spans.items():
        known = stored.get(key)
        if known is None:  # the project had no room for it
            continue
        if known[0] <= count:
            none.append(key)
            continue
        begin, end = found.get(key, (None, None))
        ends = (_known(begin, known[1]), _known(end, known[2]))
        first, last = _with_expired(ends, expired.get(key), known[1:])
        changed.append((known[0] - count, first, last, *key))
    run(connection, _SET_PROPERTY, changed)
    run(connection, _NO_PROPERTY, none)


def _properties(
    connection: Connection, wanted: Collection[Definition]
) -> dict[Definition, tuple[int, int, int]]:
    """The stored rows of the events these properties belong to."""
    return _rows(connection, PropertyDefinition.__table__, wanted)


def _expired(
    connection: Connection, wanted: Collection[Definition]
) -> dict[Definition, tuple[int, int, int]]:
    """What events that went by retention had been counted as: it is counted still."""
    return _rows(connection, ExpiredDefinition.__table__, wanted)


def _rows(
    connection: Connection, table: FromClause, wanted: Collection[Definition]
) -> dict[Definition, tuple[int, int, int]]:
    names: dict[int, set[str]] = {}
    for key in wanted:
        names.setdefault(key[0], set()).add(key[1])
    rows: dict[Definition, tuple[int, int, int]] = {}
    for project_id, some in names.items():
        every = sorted(some)
        for start in range(0, len(every), _ROWS):
            question = select(*table.columns).where(
                table.c.project_id == project_id,
                table.c.event_name.in_(every[start : start + _ROWS]),
            )
            rows.update({tuple(r[:4]): tuple(r[4:]) for r in connection.execute(question)})
    return rows


def _seek(
    connection: Connection,
    wanted: Mapping[tuple[int, str], set[Definition]],
    without: Collection[int],
    *,
    forwards: bool,
) -> dict[Definition, int]:
    """The time of the first event from an end that has each of the wanted properties."""
    time, found = EventRow.timestamp, {}
    for (project_id, name), keys in wanted.items():
        missing = set(keys)
        question = (
            select(EventRow.id, time, EventRow.properties)
            .where(EventRow.project_id == project_id, EventRow.event_name == name)
            .order_by(time if forwards else time.desc())
            .execution_options(yield_per=_ROWS)
        )
        with connection.execute(question) as rows:
            for event_id, moment, properties in rows:
                if event_id in without:
                    continue
                for field, kind in zip(*rollups.shape_of(properties), strict=True):
                    key = project_id, name, field, rollups.TYPE_NAMES[kind]
                    if key in missing:
                        missing.discard(key)
                        found[key] = moment
                if not missing:
                    break
    return found
