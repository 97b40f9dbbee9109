"""The insertion of events into SQLite: which of them are new, and under which ids they stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Literal

from sqlalchemy import Connection, select

from djangalytics_server.model.event import AllNew, Event, Stored
from djangalytics_server.store.tables import EventRow

_LOOKUP = 500
_MOST_ROWS = 128
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


def insert(connection: Connection, events: Sequence[Event]) -> Sequence[Stored]:
    """Insert what is new; say for each event whether it was, and under which id it stands."""
    if not events:
        return ()
    # The highest id ever given; deletions do not lower it, so no id comes back.
    high = connection.exec_driver_sql(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"
    ).scalar_one()
    if _insert_new(connection, events) == len(events):
        return AllNew(high + 1, events)
    return _tell_apart(connection, events, high)


def _insert_new(connection: Connection, events: Sequence[Event]) -> int:
    """Insert those whose insert ids are new; how many they were.

    Many rows a statement, because the interpreter is free for other threads while SQLite works
    on a statement, and has to be won back after it. The numbers of rows are powers of two, so
    that there are few statements and the driver keeps them all prepared.
    """
    inserted = start = 0
    while start < len(events):
        count = min(_MOST_ROWS, 1 << (len(events) - start).bit_length() - 1)
        # An event begins with its row, column for column.
        rows = [event[:_WIDTH] for event in events[start : start + count]]
        values = tuple(chain.from_iterable(rows))
        inserted += connection.exec_driver_sql(_statement(count), values).rowcount
        start += count
    return inserted


@cache
def _statement(rows: int) -> str:
    places = f"({', '.join('?' * len(_COLUMNS))})"
    return (
        f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES {', '.join([places] * rows)}"  # noqa: S608 - made of constants
        " ON CONFLICT (project_id, insert_id) DO NOTHING"
    )


def _tell_apart(connection: Connection, events: Sequence[Event], high: int) -> list[Stored]:
    """Which of these were new: those whose row has an id above ``high``, at its first mention."""
    known = _find(connection, events)
    seen: set[tuple[int, str]] = set()
    result = []
    for event in events:
        place = (event.project_id, event.insert_id)
        event_id, name, timestamp = known[place]
        new = event_id > high and place not in seen
        seen.add(place)
        status: Literal["accepted", "duplicate"] = "accepted" if new else "duplicate"
        result.append(Stored(status, event_id, event.insert_id, name, timestamp))
    return result


def _find(
    connection: Connection, events: Sequence[Event]
) -> dict[tuple[int, str], tuple[int, str, int]]:
    """(project, insert id) -> (id, name, timestamp) of the stored rows."""
    wanted: dict[int, dict[str, None]] = {}
    for event in events:
        wanted.setdefault(event.project_id, {})[event.insert_id] = None
    found = {}
    for project_id, insert_ids in wanted.items():
        ids = list(insert_ids)
        for start in range(0, len(ids), _LOOKUP):
            rows = connection.execute(
                select(EventRow.insert_id, EventRow.id, EventRow.event_name, EventRow.timestamp)
                .where(EventRow.project_id == project_id)
                .where(EventRow.insert_id.in_(ids[start : start + _LOOKUP]))
            )
            found.update({(project_id, row[0]): (row[1], row[2], row[3]) for row in rows})
    return found
