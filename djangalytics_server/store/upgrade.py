"""Look at a database before it is used, and bring an older one to this version's schema.

A SQLite file is copied before it is changed, and the change is one transaction: whatever stops
it, the file is wholly old or wholly new.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from djangalytics_server.errors import StartError
from djangalytics_server.store import backup, files
from djangalytics_server.store.dialects import WRITE, sqlite_engine
from djangalytics_server.store.revision import CHECKED_BYTES, HEAD

if TYPE_CHECKING:
    from alembic.config import Config

_log = logging.getLogger(__name__)


def make_current(url: str, path: Path) -> None:
    """Make sure that the file is sound, ours and of this version; upgrade an older one.

    Raises StartError, with the file as it was. The caller holds the write lock.
    """
    _check_writable(path)
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
            engine.dispose()  # our own connections must not stand in the way
            _upgrade(engine, path, revision)
    finally:
        engine.dispose()


def check_no_log(path: Path) -> None:
    """Raise StartError if a database that is gone left its write-ahead log behind.

    SQLite would take that log for the new database's own and damage it.
    """
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise StartError(
            f"{path} is missing or empty, but its log {log.name} is not: events were here. "
            "Restore a copy of the file, or move the log away to start with an empty one."
        )


def _check_writable(path: Path) -> None:
    """SQLite opens what it may only read too, and says so at the first event."""
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            raise StartError(
                f"Cannot keep data in {path.parent}: {place.name} may not be written by this user. "
                "Give it to this user, or choose another folder with --data DIR."
            )


def _upgrade(engine: Engine, path: Path, revision: str) -> None:
    with backup.alone(path) as held:
        if held is None:
            raise StartError(
                f"{path} has schema {revision} and this version needs {HEAD}, but another process "
                "has the file open, such as an older server. Stop it, then start this one."
            )
    backup.sweep(path.parent, f"{path.name}.before-")
    size = files.size_of(path)
    files.check_room(size + size // 4, path.parent, f"The upgrade of {path.name}, copied first,")
    _log.warning("copying %s before it is upgraded to schema %s", path, HEAD)
    copied = backup.copy(path, files.beside(path, f"before-{HEAD}"))
    try:
        migrate(engine)
    except BaseException:
        with engine.connect() as connection:
            unchanged = current_revision(connection) == revision
        if unchanged:  # or every restart of a server that cannot be upgraded would leave a copy
            copied.path.unlink()
        raise
    _log.warning(
        "upgraded from schema %s to %s; what was before is in %s", revision, HEAD, copied.path
    )


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


def migrations() -> Config:
    """Alembic's view of the revisions in the wheel."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "djangalytics_server.store:migrations")
    config.set_main_option("path_separator", "os")
    return config


def migrate(engine: Engine) -> None:
    """Run the migrations that the database lacks, in one transaction."""
    from alembic import command

    config = migrations()
    writing = engine.execution_options(**{WRITE: True})
    with writing.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _damaged(path: Path, reason: str) -> StartError:
    return StartError(
        f"{path} is damaged or not a SQLite database ({' '.join(reason.split())}). "
        "Restore a copy of it, or move the file away to start with an empty one."
    )
