"""Raw events that a project keeps no longer: removed oldest first, while every count stays.

Age is counted from arrival, in whose order events are numbered, never from what a sender says. What
the removed events had been counted as is kept beside the counts, so that a recount still finds
every row true; and their insert ids stay taken, as those of erased events do.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, select

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS, Event
from djangalytics_server.store import erased_ids, erasing, rollups
from djangalytics_server.store.blocks import making
from djangalytics_server.store.rollups import GRAINS
from djangalytics_server.store.statements import ask, run
from djangalytics_server.store.tables import EventRow

STEP = 1_000
"""So many events are looked at in one transaction, which takes some tens of milliseconds."""

_READ_MARK = "SELECT value FROM marks WHERE name = ?"
_SET_MARK = (
    "INSERT INTO marks (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_COUNT = (
    "INSERT INTO expired_counts AS known (project_id, bucket, event_name, count)"
    " VALUES (?, ?, ?, ?) ON CONFLICT (project_id, bucket, event_name)"
    " DO UPDATE SET count = known.count + excluded.count"
)
_DAY = (
    "INSERT INTO expired_days AS known (project_id, day, count) VALUES (?, ?, ?)"
    " ON CONFLICT (project_id, day) DO UPDATE SET count = known.count + excluded.count"
)
_GONE = "UPDATE retention_runs SET gone = gone + ? WHERE project_id = ?"
_DEFINE = (
    "INSERT INTO expired_definitions AS known"
    " (project_id, event_name, property, type, count, first_seen, last_seen)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project_id, event_name, property, type)"
    " DO UPDATE SET count = known.count + excluded.count,"
    " first_seen = CASE WHEN excluded.first_seen < known.first_seen"
    " THEN excluded.first_seen ELSE known.first_seen END,"
    " last_seen = CASE WHEN excluded.last_seen > known.last_seen"
    " THEN excluded.last_seen ELSE known.last_seen END"
)


def step(connection: Connection, project_id: int, before: int) -> int | None:
    """Look at the next events and remove those that arrived before a moment.

    How many went; None when there is nothing more to look at. Inside a writer's transaction.
    """
    mark = f"expired:{project_id}"
    rows = ask(connection, _READ_MARK, (mark,))
    ids, last = _next(connection, project_id, before, int(rows[0][0]) if rows else 0)
    if last is None:
        return None
    run(connection, _SET_MARK, [(mark, last)])
    events = erasing.read(connection, ids)
    if events:
        _note(connection, list(events.values()))
        places = [(i, event.project_id, event.insert_id) for i, event in events.items()]
        erased_ids.remember(connection, places)
        making.drop(connection, events)
        erasing.delete_events(connection, list(events))
        erasing.count_removal(connection)
        run(connection, _GONE, [(len(events), project_id)])
    return len(events)


def _next(
    connection: Connection, project_id: int, before: int, seen: int
) -> tuple[list[int], int | None]:
    """The project's among the events after ``seen`` that are old, and the last looked at."""
    question = (
        select(EventRow.id, EventRow.project_id, EventRow.received_at)
        .where(EventRow.id > seen)
        .order_by(EventRow.id)
        .limit(STEP)
    )
    ids, last = [], None
    for event_id, project, received_at in connection.execute(question).all():
        if received_at >= before:
            break
        last = event_id
        if project == project_id:
            ids.append(event_id)
    return ids, last


def _note(connection: Connection, events: list[Event]) -> None:
    groups = rollups.grouped(events)
    cells = [(c, n) for c, n in rollups.cells(groups).items() if c[1] == GRAINS[-1]]
    run(connection, _COUNT, [(p, bucket, name, n) for (p, _, bucket, name), n in cells])
    days = Counter(
        (event.project_id, event.received_at // MICROSECONDS // DAY_SECONDS) for event in events
    )
    run(connection, _DAY, [(*day, count) for day, count in days.items()])
    whole = {(*key, "", ""): span for key, span in rollups.event_spans(groups).items()}
    spans = {**whole, **rollups.property_spans(groups)}
    run(connection, _DEFINE, [(*key, *span) for key, span in spans.items()])
