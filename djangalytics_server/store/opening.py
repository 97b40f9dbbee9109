"""The doors to the data: which engine a database URL means, and opening it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from djangalytics_server.errors import StartError
from djangalytics_server.store import postgres_address

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from djangalytics_server.store.base import Appender, Reader, Store
    from djangalytics_server.store.reader import Database

_ADVICE = (
    "Use --database-url sqlite:////path/to/file.sqlite3 or "
    "postgresql+psycopg://user:password@host:5432/database, or --data DIR."
)


def check_url(url: str) -> None:
    """Raise StartError unless this version can keep its data at the database URL."""
    if postgres_address.is_postgres(url):
        return postgres_address.check(url)
    kind, _, path = url.partition("://")
    if kind != "sqlite":
        raise StartError(
            "This version keeps its data in SQLite or PostgreSQL; it cannot open a "
            f"{kind[:40]!r} database. {_ADVICE}"
        )
    if not path.startswith("/") or path in ("/", "/:memory:"):
        raise StartError(f"The database URL names no file. {_ADVICE}")
    return None


def is_local(url: str) -> bool:
    """Whether the data is a file of this machine, so that a short question never waits long."""
    return not postgres_address.is_postgres(url)


def is_current(url: str) -> bool:
    """Whether the data is there, sound and of this version, found out in no time.

    False also where only a longer look can tell: see ``store.schema``.
    """
    if not is_local(url):
        return False
    from djangalytics_server.store import sqlite_look

    return sqlite_look.is_current(url)


def place(url: str) -> str:
    """Where the data is, as people may see it: a path, or an address without its password."""
    if postgres_address.is_postgres(url):
        return postgres_address.place(url)
    return url.removeprefix("sqlite:///")


def open_appender(url: str) -> Appender:
    """Open the way in at a database URL whose schema is up to date (see ``store.schema``).

    Raises StartError for a kind of database that this version does not speak.
    """
    check_url(url)
    from djangalytics_server.store.appender import Journal, JournalAppender

    journal: Journal
    if postgres_address.is_postgres(url):
        from djangalytics_server.store.postgres_journal import PostgresJournal

        journal = PostgresJournal(url)
    else:
        from djangalytics_server.store.sqlite_journal import SqliteJournal

        journal = SqliteJournal(url)
    return JournalAppender(journal)


def open_store(url: str, appender: Appender | None = None) -> Store:
    """Open the store at a database URL, over a way in that is open already or a new one.

    Closing the store closes both. Raises StartError as ``open_appender`` does.
    """
    check_url(url)
    from djangalytics_server.store.relational import RelationalStore

    return RelationalStore(_database(url), appender or open_appender(url))


def open_reader(url: str) -> Reader:
    """Open the part that answers questions alone; raises StartError as ``open_appender`` does."""
    check_url(url)
    from djangalytics_server.store.reader import RelationalReader

    return RelationalReader(_database(url))


def _database(url: str) -> Database:
    if postgres_address.is_postgres(url):
        from djangalytics_server.store.postgres import PostgresDatabase

        return PostgresDatabase(url)
    from djangalytics_server.store.sqlite import SqliteDatabase

    return SqliteDatabase(url)


def catalog_options(url: str) -> dict[str, Any]:
    """How the catalog's own engine in the application finds and keeps its connections."""
    if postgres_address.is_postgres(url):
        from djangalytics_server.store.postgres import ENGINE_OPTIONS

        return {"url": postgres_address.address(url), **ENGINE_OPTIONS}
    from djangalytics_server.store import dialects

    return {"url": dialects.sqlite_url(url)}


def tune(engine: Engine) -> None:
    """Make the catalog's own engine keep the store's rules on durability and transactions."""
    if engine.dialect.name == "postgresql":
        from djangalytics_server.store import postgres

        return postgres.prepare(engine)
    from djangalytics_server.store import dialects

    return dialects.prepare(engine)


def catalog_engine(url: str) -> Engine:
    """An engine for the catalog's small tables, outside the application."""
    if postgres_address.is_postgres(url):
        from djangalytics_server.store.postgres import postgres_engine

        return postgres_engine(url)
    from djangalytics_server.store.dialects import sqlite_engine

    return sqlite_engine(url)


def begin_writing(session: Session) -> None:
    """Begin the catalog's transaction as one that writes: it waits for its turn at once."""
    from djangalytics_server.store.dialects import WRITE

    session.connection(execution_options={WRITE: True})
