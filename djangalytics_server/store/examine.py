"""What can be seen of the data without changing it, one finding a thing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.finding import Finding
from djangalytics_server.store import backup, files, rollups
from djangalytics_server.store.revision import HEAD

_LITTLE = 100_000_000
_LONG_LOG = 256_000_000


def sqlite_file(path: Path, *, deep: bool, now: int) -> Iterator[Finding]:
    """Examine the file and its folder; ``deep`` reads the whole file. ``now`` in microseconds."""
    yield sqlite_version(sqlite3.sqlite_version_info)
    if not path.exists():
        mend = "Name the server's folder with --data, or start it once: djangalytics-server"
        yield Finding("data", "wrong", f"there is no {path}", mend)
        return
    yield Finding("data", "fine", f"{path}, {files.megabytes(files.size_of(path))}")
    yield _modes(path)
    yield _writable(path)
    yield _room(path)
    yield _log(path)
    yield from _leftovers(path)
    yield _others(path)
    try:
        with backup.snapshot(path) as connection:
            for look in _INSIDE:
                yield look(connection, path, deep, now)
    except sqlite3.Error as error:
        yield _damaged(path, str(error))


def sqlite_version(version: tuple[int, ...]) -> Finding:
    """Whether this SQLite may lose commits when two connections fold the log in at once."""
    shown = ".".join(map(str, version[:3]))
    mended = (
        version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    )
    if mended:
        return Finding("sqlite", "fine", shown)
    return Finding(
        "sqlite",
        "fine",
        f"{shown} has the WAL-reset bug (mended in 3.51.3, 3.50.7 and 3.44.6), which is harmless"
        " here: only who holds the write lock folds the log in",
    )


def _modes(path: Path) -> Finding:
    beside = (path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-lock"))
    open_to_others = [f for f in beside if f.exists() and f.stat().st_mode & 0o077]
    if not open_to_others:
        return Finding("file modes", "fine", "readable by their owner alone")
    names = " ".join(str(file) for file in open_to_others)
    return Finding("file modes", "wrong", "others may read the data", f"chmod 600 {names}")


def _writable(path: Path) -> Finding:
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            mend = f"chown {os.getuid()} {place}"
            return Finding("folder", "wrong", f"{place} may not be written by this user", mend)
    return Finding("folder", "fine", "may be written")


def _room(path: Path) -> Finding:
    free, size = files.free_bytes(path.parent), files.size_of(path)
    says = f"{files.megabytes(free)} free"
    if free < _LITTLE:
        return Finding("disk", "wrong", says, f"Make room in {path.parent}")
    if free < size:
        return Finding("disk", "note", f"{says}: too little for a copy, which an upgrade makes")
    return Finding("disk", "fine", says)


def _log(path: Path) -> Finding:
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    says = f"{files.megabytes(size)} not yet in the main file"
    if size > _LONG_LOG:
        mend = "End programs that have read the file for long, then restart the server"
        return Finding("write-ahead log", "wrong", says, mend)
    return Finding("write-ahead log", "fine", says)


def _leftovers(path: Path) -> Iterator[Finding]:
    beside = [f for f in path.parent.iterdir() if f.name.startswith(path.name)]
    copies = [f for f in beside if ".before-" in f.name or ".replaced-" in f.name]
    dead = [f for f in beside if any(m in f.name for m in (".new-", ".unfinished-", ".restoring"))]
    if dead:
        names = " ".join(str(file) for file in sorted(dead))
        yield Finding("leftover files", "note", "of a start or copy that was killed", f"rm {names}")
    if copies:
        names = " ".join(str(file) for file in sorted(copies))
        size = files.megabytes(sum(file.stat().st_size for file in copies))
        yield Finding("copies", "note", f"{size} from upgrades and restores", f"rm {names}")


def _others(path: Path) -> Finding:
    try:
        with backup.alone(path) as held:
            used = held is None
    except sqlite3.Error:
        used = False
    says = "a server or another program has the file open" if used else "nobody has the file open"
    return Finding("processes", "fine", says)


def _damaged(path: Path, words: str) -> Finding:
    mend = f"Stop the server, keep a copy of {path.parent}, then: djangalytics-server restore FILE"
    return Finding("integrity", "wrong", " ".join(words.split())[:300], mend)


def _integrity(connection: sqlite3.Connection, path: Path, deep: bool, now: int) -> Finding:
    check = "integrity_check" if deep else "quick_check"
    said = [str(row[0]) for row in connection.execute(f"PRAGMA {check}(3)")]
    return Finding("integrity", "fine", "sound") if said == ["ok"] else _damaged(path, str(said))


def _journal(connection: sqlite3.Connection, path: Path, deep: bool, now: int) -> Finding:
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode == "wal":
        return Finding("journal mode", "fine", "wal, synced at every commit by the server")
    mend = f"sqlite3 {path} 'PRAGMA journal_mode=WAL'"
    return Finding("journal mode", "wrong", f"{mode}: readers and the writer wait in turn", mend)


def _revision(connection: sqlite3.Connection, path: Path, deep: bool, now: int) -> Finding:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        row = None
    return revision(None if row is None else str(row[0]))


def revision(found: str | None) -> Finding:
    """What the schema's revision means for this version."""
    if found is None:
        mend = "Point --data or --database-url at another place"
        return Finding("schema", "wrong", "not a database of Djangalytics", mend)
    if found > HEAD:
        mend = "pip install --upgrade 'djangalytics[server]'"
        return Finding("schema", "wrong", f"{found}, this version knows {HEAD}", mend)
    if found < HEAD:
        return Finding("schema", "note", f"{found}: the next start copies it and makes it {HEAD}")
    return Finding("schema", "fine", found)


def _rejected(connection: sqlite3.Connection, path: Path, deep: bool, now: int) -> Finding:
    try:
        rows = connection.execute(
            "SELECT code, count(*) FROM rejected_events WHERE received_at >= ?"
            " GROUP BY code ORDER BY 2 DESC",
            (now - DAY_SECONDS * MICROSECONDS,),
        ).fetchall()
    except sqlite3.OperationalError:
        rows = []
    if not rows:
        return Finding("refused events", "fine", "none kept of the last day")
    says = ", ".join(f"{count:,} {code}" for code, count in rows[:3])
    mend = "djangalytics-server rejected list"
    return Finding("refused events", "note", f"in the last day: {says}", mend)


def _properties(connection: sqlite3.Connection, path: Path, deep: bool, now: int) -> Finding:
    try:
        row = connection.execute(
            "SELECT max(n) FROM"
            " (SELECT count(*) AS n FROM property_definitions GROUP BY project_id)"
        ).fetchone()
    except sqlite3.OperationalError:
        row = (0,)
    most = row[0] or 0
    if most >= rollups.MOST_PROPERTIES:
        says = f"a project has its full number, {most:,}: new ones are not listed"
        mend = "Move what varies from the names of properties to their values"
        return Finding("property definitions", "note", says, mend)
    return Finding("property definitions", "fine", f"{most:,}")


_Look = Callable[[sqlite3.Connection, Path, bool, int], Finding]
_INSIDE: tuple[_Look, ...] = (_integrity, _journal, _revision, _rejected, _properties)
