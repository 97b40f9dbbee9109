"""The insertion of events into SQLite: which of them are new, and under which ids they stand."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Literal

from djangalytics_server.model.event import AllNew, Event, Stored
from djangalytics_server.store.link import Link
from djangalytics_server.store.random_ids import (
    TIME_ORDERED,
    Known,
    Place,
    RandomIds,
    grows_with_time,
    key_of,
)
from djangalytics_server.store.statements import portion, repeated

_COLUMNS = (
    "project_id",
    "insert_id",
    "event_name",
    "timestamp",
    "received_at",
    "properties",
    "distinct_id",
    "session_id",
    "source",
    "original_timestamp",
)
_WIDTH = len(_COLUMNS)
_row = itemgetter(slice(_WIDTH))
"""An event begins with its row, column for column."""
_INSERT = (
    f"INSERT INTO events ({', '.join(_COLUMNS)})"  # noqa: S608 - made of constants
    f" VALUES ({', '.join('?' * _WIDTH)}) ON CONFLICT DO NOTHING"
)

_HIGHEST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"
_ABOVE = "SELECT project_id, insert_id, id, event_name, timestamp FROM events WHERE id > ?"
_FIND = (
    "SELECT insert_id, id, event_name, timestamp FROM events"  # noqa: S608 - made of constants
    f" WHERE project_id = ? AND {TIME_ORDERED}"
    " AND insert_id IN (SELECT value FROM json_each(?))"
)


def insert(connection: Link, events: Sequence[Event], random_ids: RandomIds) -> Sequence[Stored]:
    """Insert what is new; say for each event whether it was, and under which id it stands."""
    if not events:
        return ()
    random_ids.catch_up(connection)
    # The highest id ever given; deletions do not lower it, so no id comes back.
    high = connection.exec_driver_sql(_HIGHEST).fetchone()[0]
    keys = {
        (event[0], event[1]): key_of(event[0], event[1])
        for event in events
        if not grows_with_time(event[1])
    }
    known = random_ids.find(connection, keys) if keys else {}
    rows = _first_mentions(events, keys, known) if keys else events
    stored: Sequence[Stored]
    if _insert_new(connection, rows) == len(rows) == len(events):
        stored = AllNew(high + 1, events)
        ids: Sequence[int] = range(high + 1, high + 1 + len(events))
    else:
        stored = _tell_apart(connection, events, high, known)
        ids = [entry.event_id for entry in stored]
    scattered: dict[int, int] = {}
    for event_id, event in zip(ids, events, strict=True) if keys else ():
        key = keys.get((event[0], event[1]))
        if key is not None and event_id > high:
            scattered[event_id] = key
    random_ids.stored(connection, scattered.items(), up_to=max(high, *ids))
    return stored


def _first_mentions(
    events: Sequence[Event], keys: Container[Place], known: Container[Place]
) -> list[Event]:
    """Without those whose random id is stored or came before; the index tells the others."""
    seen: set[Place] = set()
    rows = []
    for event in events:
        place = event[0], event[1]
        if place in keys:
            if place in known or place in seen:
                continue
            seen.add(place)
        rows.append(event)
    return rows


def _insert_new(connection: Link, events: Sequence[Event]) -> int:
    """Insert those whose insert ids are new; how many they were."""
    inserted = start = 0
    while start < len(events):
        count = portion(len(events) - start)
        values = tuple(chain.from_iterable(map(_row, events[start : start + count])))
        inserted += connection.exec_driver_sql(repeated(_INSERT, count), values).rowcount
        start += count
    return inserted


def _tell_apart(connection: Link, events: Sequence[Event], high: int, known: Known) -> list[Stored]:
    """Which of these were new: those whose row has an id above ``high``, at its first mention."""
    known = {**known, **_above(connection, high)}
    others = {(e.project_id, e.insert_id): None for e in events}.keys() - known.keys()
    known |= _find(connection, others)
    seen: set[Place] = set()
    result = []
    for event in events:
        place = (event.project_id, event.insert_id)
        event_id, name, timestamp = known[place]
        new = event_id > high and place not in seen
        seen.add(place)
        status: Literal["accepted", "duplicate"] = "accepted" if new else "duplicate"
        result.append(Stored(status, event_id, event.insert_id, name, timestamp))
    return result


def _above(connection: Link, high: int) -> Known:
    """What this transaction has inserted."""
    rows = connection.exec_driver_sql(_ABOVE, (high,))
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


def _find(connection: Link, places: Iterable[Place]) -> Known:
    """The stored rows of insert ids that grow with time, by their index."""
    wanted: dict[int, list[str]] = {}
    for project_id, insert_id in places:
        wanted.setdefault(project_id, []).append(insert_id)
    found: Known = {}
    for project_id, ids in wanted.items():
        rows = connection.exec_driver_sql(_FIND, (project_id, json.dumps(ids)))
        found.update({(project_id, row[0]): (row[1], row[2], row[3]) for row in rows})
    return found
