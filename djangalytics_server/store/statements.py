"""Statements written once, with ``?`` for their values, run by whatever driver is underneath."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection


def run(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run a statement that answers nothing once a row; no rows, no statement.

    The statement is plain SQL that every engine reads alike; a ``?`` in it is always a value.
    """
    if rows:
        connection.exec_driver_sql(_spoken(statement, connection.dialect.paramstyle), list(rows))


@cache
def _spoken(statement: str, paramstyle: str) -> str:
    """The statement with the driver's own sign for a value."""
    if paramstyle == "qmark":
        return statement
    return statement.replace("%", "%%").replace("?", "%s")
