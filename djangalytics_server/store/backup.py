"""Verified copies of a SQLite file, made while others read and write it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from djangalytics_server.errors import StartError
from djangalytics_server.store import files

Progress = Callable[[int, int], None]
"""Told how many bytes are done, and of how many."""

_STEP_PAGES = 2_000
_PATIENCE_SECONDS = 2.0
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class Copied:
    """A verified copy: where it is, its bytes, and how many rows each of its tables has."""

    path: Path
    size: int
    rows: dict[str, int]


def copy(
    source: Path, target: Path, *, progress: Progress | None = None, replace: bool = False
) -> Copied:
    """Copy a database as it is at this moment, prove the copy, and only then name it ``target``.

    One snapshot is copied, however much is written meanwhile. The copy is readable by its owner
    alone, synced, sound by SQLite's own check, and has as many rows in each table as the
    snapshot. Raises StartError when it cannot be made; then nothing is left of it.
    """
    if target.exists() and not replace:
        raise StartError(f"{target} is there already. Choose another name, or add --force.")
    fresh = target.with_name(f"{target.name}{_UNFINISHED}{os.getpid()}")
    try:
        sweep(target.parent, f"{target.name}{_UNFINISHED}")
        files.check_room(files.size_of(source), target.parent, f"A copy of {source.name}")
        files.make_private(fresh)
        with snapshot(source) as connection:
            rows = count_rows(connection)
            _copy_pages(connection, fresh, progress)
        verify(fresh, rows)
        files.sync(fresh)
        size = fresh.stat().st_size
        fresh.replace(target)
        files.sync(target.parent)
        return Copied(target, size, rows)
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StartError(f"{source} could not be copied to {target}: {reason or error}.") from error
    finally:
        files.remove(fresh)


def sweep(folder: Path, name: str) -> None:
    """Remove what killed attempts to make copies named ``name…`` left in the folder."""
    for leftover in folder.iterdir():
        if leftover.name.startswith(name) and _UNFINISHED in leftover.name:
            leftover.unlink(missing_ok=True)


@contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection inside a read transaction: it sees one moment, and holds nobody up.

    A file on a read-only medium is read as it stands, if no log lies beside it.
    """
    closed = not path.with_name(path.name + "-wal").exists()
    if closed and not os.access(path.parent, os.W_OK):
        opened = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    else:
        opened = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    try:
        opened.isolation_level = None
        opened.execute(f"PRAGMA busy_timeout={int(_PATIENCE_SECONDS * 1_000)}")
        opened.execute("PRAGMA wal_autocheckpoint=0")
        opened.execute("BEGIN")
        opened.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        yield opened
    finally:
        opened.close()


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite@_%'"
        " ESCAPE '@' ORDER BY name"
    ).fetchall()
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - of constants
        for (name,) in tables
    }


def verify(path: Path, rows: dict[str, int] | None = None) -> dict[str, int]:
    """How many rows each table has, once the whole file was found sound.

    Raises StartError when it is not, or when its tables have other rows than ``rows`` says.
    """
    try:
        with snapshot(path) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
            found = {} if said != ["ok"] else count_rows(connection)
    except sqlite3.Error as error:
        said, found = [str(error)], {}
    if said != ["ok"]:
        words = " ".join("; ".join(said).split())
        raise StartError(f"{path} is damaged or not a SQLite database ({words}).")
    if rows is not None and found != rows:
        different = sorted(t for t in {*rows, *found} if rows.get(t) != found.get(t))
        raise StartError(f"The copy {path} differs from its source in {', '.join(different)}.")
    return found


@contextmanager
def alone(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection that keeps everybody else from opening the file; None while others have it.

    SQLite holds a lock on a file in WAL mode as long as it is open, in every version of this
    server and in every other program.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    try:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={int(_PATIENCE_SECONDS * 1_000)}")
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        try:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            yield None
        else:
            yield connection
    finally:
        connection.close()


def _copy_pages(connection: sqlite3.Connection, fresh: Path, progress: Progress | None) -> None:
    page = int(connection.execute("PRAGMA page_size").fetchone()[0])

    def told(_status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress((total - remaining) * page, total * page)

    target = sqlite3.connect(fresh)
    try:
        # The file is synced when it is whole; until then nobody knows its name.
        target.execute("PRAGMA synchronous=OFF")
        connection.backup(target, pages=_STEP_PAGES, progress=told)
    finally:
        target.close()
