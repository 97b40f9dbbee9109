"""The SQLite file: where it is, how a connection is set up, and who may append to it.

``synchronous=FULL`` makes every commit reach the disk before it is acknowledged. Only who holds
``write_lock`` checkpoints the write-ahead log: SQLite before 3.51.3 can lose commits when two
connections do so at once.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from djangalytics_server.store import members
from djangalytics_server.store.failures import Taken

PATIENCE_SECONDS = 4.0
"""How long a lock of another process is waited for: twice this is less than the SDK waits for an
answer, and a request may have to wait for the group before its own too."""

CONNECT: dict[str, Any] = {"check_same_thread": False, "cached_statements": 512}
"""As many prepared statements as ``statements.portion`` can ask for, and the questions beside."""

CHECKPOINTS = "PRAGMA wal_autocheckpoint=4000"
NO_CHECKPOINTS = "PRAGMA wal_autocheckpoint=0"
"""The first is for the connection that holds the write lock while it commits, which takes long when
it checkpoints the log; the second for all others, and where a commit must not take long."""

PATIENT = f"PRAGMA busy_timeout={int(PATIENCE_SECONDS * 1_000)}"
IMPATIENT = "PRAGMA busy_timeout=0"
"""How long a connection waits for who writes without our lock."""

_PRAGMAS = (
    PATIENT,
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    NO_CHECKPOINTS,
)


def sqlite_path(url: str) -> Path:
    """The file behind a ``sqlite:///`` URL: what follows is its path, whatever its characters."""
    return Path(url.removeprefix("sqlite:///")).absolute()


def set_up(connection: Any) -> None:
    """Make a connection of the driver keep our rules."""
    connection.isolation_level = None  # transactions begin where we say, not where pysqlite guesses
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    members.set_up(connection)


@contextmanager
def write_lock(path: Path, *, patient: bool = True) -> Iterator[None]:
    """Hold the right to append, among all processes on this machine that share the file.

    The operating system queues the waiters, so nobody polls; a process that dies lets go.
    Raises TimeoutError when the others do not let go within ``PATIENCE_SECONDS``, and Taken at
    once unless ``patient``.
    """
    if sys.platform == "win32":  # one worker process only: SQLite's own lock is enough
        yield
        return
    import fcntl

    descriptor = os.open(path.with_name(path.name + "-lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not patient:
                raise Taken from None
            _wait_for(partial(fcntl.flock, descriptor, fcntl.LOCK_EX))
        yield
    finally:
        os.close(descriptor)


def _wait_for(lock: Callable[[], None]) -> None:
    """Call ``lock``, which may block, for ``PATIENCE_SECONDS`` at most.

    The system knows no deadline for such a lock, so a thread waits for it. One that was given up
    gets the lock of a descriptor that is closed by then, which lets go of it at once.
    """
    taken = threading.Event()

    def wait() -> None:
        lock()
        taken.set()

    threading.Thread(target=wait, name="write-lock", daemon=True).start()
    if not taken.wait(PATIENCE_SECONDS):
        raise TimeoutError("another process holds the write lock")
