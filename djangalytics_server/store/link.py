"""A connection as the append needs it: statements in, rows out, whatever driver is underneath.

SQLAlchemy's connections are such links as they are. SQLite has one of its own, straight over the
driver: an append is a dozen statements, each of which would pass through SQLAlchemy's layers, and
a server that is to take events at once after a crash cannot wait for SQLAlchemy to be imported.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Protocol


class Answer(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it wrote."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> Any:
        """The rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Dialect(Protocol):
    """How the driver writes the place of a value."""

    paramstyle: Any


class Link(Protocol):
    """A connection in whose transaction statements are run."""

    @property
    def dialect(self) -> Dialect:
        """How the driver wants statements written."""

    def exec_driver_sql(self, statement: str, parameters: Any = ...) -> Answer:
        """Run a statement once, or once for each tuple of a list."""


class _Qmark:
    paramstyle: Any = "qmark"


class SqliteLink:
    """SQLite's driver as a link."""

    dialect: Dialect = _Qmark()

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.close = connection.close

    def exec_driver_sql(self, statement: str, parameters: Any = ()) -> sqlite3.Cursor:
        """See ``Link.exec_driver_sql``."""
        if isinstance(parameters, list):
            return self._connection.executemany(statement, parameters)
        return self._connection.execute(statement, parameters)
