"""A first look at a SQLite file, before anything that takes long to import is there."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from djangalytics_server.store.revision import CHECKED_BYTES, HEAD
from djangalytics_server.store.sqlite_file import CONNECT, set_up, sqlite_path, write_lock


def is_current(url: str) -> bool:
    """Whether the file is there, writable, sound and of this version.

    Whatever else it may be, the longer way through ``store.schema`` says it in words.
    """
    path = sqlite_path(url)
    try:
        if not all(os.access(place, os.W_OK) for place in (path, path.parent)):
            return False
        if not path.stat().st_size:  # a log may lie beside it, which opening it would take up
            return False
        with write_lock(path), closing(sqlite3.connect(path, **CONNECT)) as connection:
            set_up(connection)
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return found == (HEAD,) and _is_sound(connection, path)
    except (OSError, sqlite3.Error):
        return False


def _is_sound(connection: sqlite3.Connection, path: Path) -> bool:
    """One too large to read through at every start is believed."""
    if path.stat().st_size > CHECKED_BYTES:
        return True
    return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
