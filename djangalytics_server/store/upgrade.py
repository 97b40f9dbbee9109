"""Look at a database before it is used, and bring an older one to this version's schema."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from djangalytics_server.errors import StartError
from djangalytics_server.store.dialects import WRITE, sqlite_engine

HEAD = "0002"
"""The newest revision in ``store/migrations/versions``; a test compares the two."""

CHECKED_BYTES = 64 * 1024 * 1024
"""Up to this size the whole file is checked at start, which takes a fraction of a second."""


def make_current(url: str, path: Path) -> None:
    """Make sure that the file is sound, ours and of this version; upgrade an older one.

    Raises StartError, with the file as it was. The caller holds the write lock.
    """
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
            migrate(engine)
    finally:
        engine.dispose()


def _soundness(connection: Connection, path: Path) -> str:
    """What SQLite says of the file; one too large to read through at every start is believed."""
    if path.stat().st_size > CHECKED_BYTES:
        return "ok"
    return str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())


def current_revision(connection: Connection) -> str | None:
    """The revision a database says it is at; None for a database that is not ours."""
    known = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).first()
    if known is None:
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def migrate(engine: Engine) -> None:
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
