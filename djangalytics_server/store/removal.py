"""Take away everything of one project, portion by portion, so that other writers get their turn."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from djangalytics_server.store.blocks import making, numbers
from djangalytics_server.store.erasing import count_removal
from djangalytics_server.store.random_ids import grows_with_time, key_of
from djangalytics_server.store.statements import ask, run

PORTION = 5_000
"""Events that go in one transaction: some tens of milliseconds."""

_ROLLUPS = (
    "event_counts",
    "verdict_counts",
    "event_definitions",
    "property_definitions",
    "producers",
    "rejected_events",
    "erasures",
    "sending_counts",
    "cohorts",
    "block_days",
    "retention",
    "retention_runs",
    "expired_counts",
    "expired_definitions",
    "expired_days",
)
_DIGESTS = 20_000
"""Digests of erased insert ids that go in one transaction."""
_FORGET = (
    "DELETE FROM erased_keys WHERE project_id = ? AND key IN"
    " (SELECT key FROM erased_keys WHERE project_id = ? LIMIT ?)"
)
_MARK = "DELETE FROM marks WHERE name = ?"
_ANY = "SELECT 1 FROM erased_keys WHERE project_id = ? LIMIT 1"
_SOME = "SELECT id, insert_id FROM events WHERE project_id = ? ORDER BY id LIMIT ?"


def remove(connection: Connection, project_id: int) -> int:
    """Remove the project's rollups and refused events, and a portion of its events: how many."""
    for table in _ROLLUPS:
        run(connection, f"DELETE FROM {table} WHERE project_id = ?", [(project_id,)])  # noqa: S608 - constants
    run(connection, _MARK, [(f"expired:{project_id}",)])
    rows = ask(connection, _SOME, (project_id, PORTION))
    if connection.dialect.name == "sqlite":
        run(
            connection,
            "DELETE FROM insert_keys WHERE key = ? AND event_id = ?",
            _digests(project_id, rows),
        )
    making.drop_project(connection, project_id, [row[0] for row in rows])
    run(connection, "DELETE FROM events WHERE id = ?", [(row[0],) for row in rows])
    if rows:
        count_removal(connection)
    return len(rows)


def forget(connection: Connection, project_id: int) -> bool:
    """Remove a portion of the digests of its erased insert ids, and of its people's numbers;
    whether there are more.
    """
    run(connection, _FORGET, [(project_id, project_id, _DIGESTS)])
    more = numbers.forget_some(connection, project_id, PORTION)
    return more or bool(ask(connection, _ANY, (project_id,)))


def _digests(project_id: int, rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The rows of ``insert_keys`` that these events may have."""
    return [
        (key_of(project_id, str(insert_id)), event_id)
        for event_id, insert_id in rows
        if not grows_with_time(str(insert_id))
    ]
