"""Bring a database to the schema this version speaks, by the migrations in the wheel.

A new database is made under a temporary name and renamed when it is complete, so that a start
that dies half way leaves nothing behind that looks like data.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from djangalytics_server.errors import StartError
from djangalytics_server.store.dialects import WRITE, sqlite_engine
from djangalytics_server.store.files import sync
from djangalytics_server.store.postgres_address import is_postgres
from djangalytics_server.store.revision import HEAD
from djangalytics_server.store.sqlite_file import sqlite_path, write_lock
from djangalytics_server.store.statements import run
from djangalytics_server.store.tables import Base
from djangalytics_server.store.upgrade import check_no_log, make_current


def ensure_schema(url: str, furnish: Callable[[Connection], None]) -> bool:
    """Create or upgrade the database at ``url``; True when it was created.

    ``furnish`` fills a new database (first project, keys) in the transaction that makes it.
    Raises StartError for a folder that cannot be written, a file that is not a sound SQLite
    database, and a database of a newer version. Several processes may call this at once.
    """
    if is_postgres(url):
        from djangalytics_server.store import postgres_schema

        return postgres_schema.ensure(url, furnish)
    path = sqlite_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_lock(path):
            if path.exists() and path.stat().st_size:
                make_current(url, path)
                return False
            check_no_log(path)
            _create(path, furnish)
            return True
    except (OSError, DatabaseError) as error:
        reason = error.orig if isinstance(error, DatabaseError) else error.strerror
        raise StartError(
            f"Cannot keep data in {path.parent}: {reason or error}. "
            "Choose a folder this user can write with --data DIR."
        ) from error


def is_present(url: str) -> bool:
    """Whether there is a database of ours at ``url``; StartError if it cannot be reached."""
    if is_postgres(url):
        from djangalytics_server.store import postgres_schema

        return postgres_schema.is_present(url)
    path = sqlite_path(url)
    return path.exists() and path.stat().st_size > 0


def _create(path: Path, furnish: Callable[[Connection], None]) -> None:
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}")
    # We hold the lock, so whoever began such a file before us is dead.
    _sweep(path)
    try:
        # The mode is set before a byte of data is in the file: it will hold people's events.
        os.close(os.open(fresh, os.O_CREAT | os.O_WRONLY, 0o600))
        engine = sqlite_engine(f"sqlite:///{fresh}")
        try:
            _make(engine, furnish)
        finally:
            engine.dispose()
        with sqlite3.connect(fresh) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
        sync(fresh)
        fresh.replace(path)
        sync(path.parent)
    finally:
        _sweep(path)


def _sweep(path: Path) -> None:
    """Remove what unfinished attempts to make the database left beside it."""
    for leftover in path.parent.iterdir():
        if leftover.name.startswith(f"{path.name}.new-"):
            leftover.unlink()


def _make(engine: Engine, furnish: Callable[[Connection], None]) -> None:
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        make_tables(connection)
        furnish(connection)


def make_tables(connection: Connection) -> None:
    """Make the newest schema at once; a test holds it equal to what the migrations make.

    Importing Alembic is a quarter of a first start, and a new database has nothing to migrate.
    """
    Base.metadata.create_all(connection)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    run(connection, "INSERT INTO alembic_version VALUES (?)", [(HEAD,)])
