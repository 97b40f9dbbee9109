"""A backup put in the place of the data, which is kept aside."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from djangalytics_server.errors import StartError
from djangalytics_server.store import backup, files
from djangalytics_server.store.backup import Progress
from djangalytics_server.store.revision import HEAD
from djangalytics_server.store.sqlite_file import write_lock


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in place now, its rows by table, and where the replaced file is, if there was one."""

    path: Path
    rows: dict[str, int]
    aside: Path | None


def restore(source: Path, path: Path, progress: Progress | None = None) -> Restored:
    """Prove the backup, then put a copy of it in the place of the data, in one step.

    Whatever stops it, the old or the new file is in place, whole. Raises StartError when the
    backup is damaged or not ours, or while another process has the data open.
    """
    if not source.is_file():
        raise StartError(f"There is no backup at {source}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_lock(path):
            _refuse_in_use(path)
            fresh = path.with_name(f"{path.name}.restoring")
            try:
                copied = backup.copy(source, fresh, progress=progress, replace=True)
                _make_ready(fresh, source)
                aside = _swap(fresh, path)
            finally:
                files.remove(fresh)
            return Restored(path, copied.rows, aside)
    except OSError as error:
        words = error.strerror or error
        raise StartError(f"{source} could not be restored to {path}: {words}.") from error


def _make_ready(fresh: Path, source: Path) -> None:
    """Refuse another program's data, and one of a newer version; write as the server does."""
    with closing(sqlite3.connect(fresh)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.Error:
            row = None
        if row is None:
            raise StartError(f"{source} is sound, but not a backup of Djangalytics.")
        if str(row[0]) > HEAD:
            raise StartError(
                f"{source} was written by a newer Djangalytics (schema {row[0]}, this version "
                f"knows {HEAD}). Upgrade with: pip install --upgrade 'djangalytics[server]'"
            )
        connection.execute("PRAGMA journal_mode=WAL")
    files.sync(fresh)


def _refuse_in_use(path: Path) -> None:
    if not path.exists():
        return
    try:
        with backup.alone(path) as held:
            if held is not None:
                return
    except sqlite3.DatabaseError:
        return  # too damaged to be opened by anybody
    raise StartError(
        f"Another process has {path} open, such as a running server. Stop it, then restore."
    )


def _swap(fresh: Path, path: Path) -> Path | None:
    """Put the new file in place of the old one, which keeps its log under its new name."""
    if not path.exists():
        _move_logs(path, files.beside(path, "replaced"))
        fresh.replace(path)
        files.sync(path.parent)
        return None
    aside = files.beside(path, "replaced")
    try:
        with backup.alone(path) as held:
            if held is None:
                raise StartError(f"Another process has opened {path} just now. Stop it first.")
            # Nobody can open the old file until the new one is in place. Without a log of its
            # own, closing it will not remove the new one's, which has the same name.
            held.execute("PRAGMA journal_mode=DELETE")
            _exchange(fresh, path, aside)
    except sqlite3.DatabaseError:
        _move_logs(path, aside)
        _exchange(fresh, path, aside)
    return aside


def _exchange(fresh: Path, path: Path, aside: Path) -> None:
    """Two names for the old file, then one step: at no moment is there no file in place."""
    try:
        os.link(path, aside)
    except OSError:  # a file system without a second name for a file
        path.rename(aside)
    fresh.replace(path)
    files.sync(path.parent)


def _move_logs(path: Path, aside: Path) -> None:
    for ending in ("-wal", "-shm", "-journal"):
        log = path.with_name(path.name + ending)
        if log.exists():
            log.rename(aside.with_name(aside.name + ending))
