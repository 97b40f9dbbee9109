"""How often counts were mended: an answer that was read of them before may be another now."""

from __future__ import annotations

from sqlalchemy import Connection

from djangalytics_server.store.statements import ask, run

_MARK = "repairs"
_READ = "SELECT value FROM marks WHERE name = ?"
_COUNT_UP = (
    "INSERT INTO marks (name, value) VALUES (?, 1)"
    " ON CONFLICT (name) DO UPDATE SET value = marks.value + 1"
)


def count(connection: Connection) -> None:
    """Counts are mended in this transaction."""
    run(connection, _COUNT_UP, [(_MARK,)])


def so_far(connection: Connection) -> int:
    """How often they were."""
    rows = ask(connection, _READ, (_MARK,))
    return int(rows[0][0]) if rows else 0
