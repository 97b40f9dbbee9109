"""The store's promise, and the door to it.

Everything above speaks to ``Store`` and never names an engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from djangalytics_server.errors import StartError
from djangalytics_server.model.audit import Progress, TableCheck
from djangalytics_server.model.event import Receipt, Submission
from djangalytics_server.model.query import Count, CountPlan, EventPage, StoredEvent, VerdictCounts

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine


class Store(Protocol):
    """What every engine promises.

    * ``append`` is atomic and durable: when it returns, every submission is committed and
      synced; when it raises, none of them left a trace.
    * (project, insert id) is unique for ever; the first write wins.
    * Rollups change in the transaction that stores the events: they are never behind.
    * Ids grow in the order of arrival, and a reader that has seen id n has seen all below n.
    """

    def append(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """Write all submissions in one transaction; one receipt each, in order.

        Raises StoreUnavailable when nothing could be written.
        """

    def count(self, plan: CountPlan) -> list[Count]:
        """Events by local bucket and name, only those above zero, in no order."""

    def bounds(self, project_id: int) -> tuple[int, int] | None:
        """From the start of the first to the end of the last UTC day with events, or None."""

    def newest(self, page: EventPage) -> list[StoredEvent]:
        """One page of raw events, newest first by arrival."""

    def verdicts(self, project_id: int) -> VerdictCounts:
        """What became of everything this project was ever sent."""

    def recount(self, *, mend: bool = False, progress: Progress | None = None) -> list[TableCheck]:
        """Hold every rollup against the raw events; with ``mend``, write wrong rows anew.

        Reading sees one moment and holds nobody up; mending keeps other writers waiting. Raises
        StoreUnavailable.
        """

    def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""

    def close(self) -> None:
        """Let go of every connection."""


def check_url(url: str) -> None:
    """Raise StartError unless this version can keep its data at the database URL."""
    kind, _, place = url.partition("://")
    if kind != "sqlite":
        raise StartError(
            f"This version keeps its data in SQLite; it cannot open a {kind[:40]!r} database. "
            "Use --database-url sqlite:////path/to/file.sqlite3, or --data DIR."
        )
    if not place.startswith("/") or place in ("/", "/:memory:"):
        raise StartError(
            "The database URL names no file. "
            "Use --database-url sqlite:////path/to/file.sqlite3, or --data DIR."
        )


def open_store(url: str) -> Store:
    """Open the store at a database URL whose schema is up to date (see ``store.schema``).

    Raises StartError for a kind of database that this version does not speak.
    """
    check_url(url)
    from djangalytics_server.store.relational import RelationalStore
    from djangalytics_server.store.sqlite import SqliteDatabase

    return RelationalStore(SqliteDatabase(url))


def catalog_url(url: str) -> URL:
    """Where the catalog's own engine finds the same database."""
    from djangalytics_server.store import dialects

    return dialects.sqlite_url(url)


def tune(engine: Engine) -> None:
    """Make the catalog's own engine keep the store's rules on durability and transactions."""
    from djangalytics_server.store import dialects

    dialects.prepare(engine)


def catalog_engine(url: str) -> Engine:
    """An engine for the catalog's small tables, outside the application."""
    from djangalytics_server.store.dialects import sqlite_engine

    return sqlite_engine(url)
