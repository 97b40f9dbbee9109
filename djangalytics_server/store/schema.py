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
from djangalytics_server.store.dialects import WRITE, sqlite_engine, sqlite_path, write_lock
from djangalytics_server.store.tables import Base

HEAD = "0002"
"""The newest revision in ``store/migrations/versions``; a test compares the two."""

CHECKED_BYTES = 64 * 1024 * 1024
"""Up to this size the whole file is checked at start, which takes a fraction of a second."""


def ensure_schema(url: str, furnish: Callable[[Connection], None]) -> bool:
    """Create or upgrade the database at ``url``; True when it was created.

    ``furnish`` fills a new database (first project, keys) in the transaction that makes it.
    Raises StartError for a folder that cannot be written, a file that is not a sound SQLite
    database, and a database of a newer version. Several processes may call this at once.
    """
    path = sqlite_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_lock(path):
            if path.exists() and path.stat().st_size:
                _upgrade(url, path)
                return False
            _create(path, furnish)
            return True
    except (OSError, DatabaseError) as error:
        reason = error.orig if isinstance(error, DatabaseError) else error.strerror
        raise StartError(
            f"Cannot keep data in {path.parent}: {reason or error}. "
            "Choose a folder this user can write with --data DIR."
        ) from error


def is_present(url: str) -> bool:
    """Whether there is a database at ``url`` at all."""
    path = sqlite_path(url)
    return path.exists() and path.stat().st_size > 0


def current_revision(connection: Connection) -> str | None:
    """The revision a database says it is at; None for a database that is not ours."""
    known = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).first()
    if known is None:
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


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
        _sync(fresh)
        fresh.replace(path)
        _sync(path.parent)
    finally:
        _sweep(path)


def _sweep(path: Path) -> None:
    """Remove what unfinished attempts to make the database left beside it."""
    for leftover in path.parent.iterdir():
        if leftover.name.startswith(f"{path.name}.new-"):
            leftover.unlink()


def _upgrade(url: str, path: Path) -> None:
    engine = sqlite_engine(url)
    try:
        with engine.connect() as connection:
            sound = _soundness(connection, path)
            revision = current_revision(connection)
    except DatabaseError as error:
        engine.dispose()
        raise _damaged(path, str(error.orig)) from error
    try:
        if sound != "ok":
            raise _damaged(path, sound)
        if revision is None:
            raise StartError(
                f"{path} is a SQLite database, but not one of Djangalytics. "
                "Point --data or --database-url at another place."
            )
        if revision > HEAD:
            raise StartError(
                f"{path} was written by a newer Djangalytics (schema {revision}, this version "
                f"knows {HEAD}). Upgrade with: pip install --upgrade 'djangalytics[server]'"
            )
        if revision < HEAD:
            _migrate(engine)
    finally:
        engine.dispose()


def _soundness(connection: Connection, path: Path) -> str:
    """What SQLite says of the file; one too large to read through at every start is believed."""
    if path.stat().st_size > CHECKED_BYTES:
        return "ok"
    return str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())


def _make(engine: Engine, furnish: Callable[[Connection], None]) -> None:
    """Make the newest schema at once; a test holds it equal to what the migrations make.

    Importing Alembic is a quarter of a first start, and a new file has nothing to migrate.
    """
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        Base.metadata.create_all(connection)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
            " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (HEAD,))
        furnish(connection)


def _migrate(engine: Engine) -> None:
    """Run the migrations that the database lacks, in one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "djangalytics_server.store:migrations")
    config.set_main_option("path_separator", "os")
    writing = engine.execution_options(**{WRITE: True})
    with writing.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _damaged(path: Path, reason: str) -> StartError:
    return StartError(
        f"{path} is damaged or not a SQLite database ({' '.join(reason.split())}). "
        "Restore a copy of it, or move the file away to start with an empty one."
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
