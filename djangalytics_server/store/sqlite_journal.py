"""SQLite's side of the append: one writer at a time among all processes that share the file."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from djangalytics_server.model.event import Event, Stored
from djangalytics_server.store import appending
from djangalytics_server.store.failures import Taken, unavailable
from djangalytics_server.store.link import Link, SqliteLink
from djangalytics_server.store.random_ids import RandomIds
from djangalytics_server.store.sqlite_file import (
    CHECKPOINTS,
    CONNECT,
    IMPATIENT,
    NO_CHECKPOINTS,
    PATIENT,
    set_up,
    sqlite_path,
    write_lock,
)

_BUSY = "database is locked"
"""SQLite's words for SQLITE_BUSY; the number comes along only since Python 3.11."""
_UNFOLDED_WRITES = 200
"""After so many that fold nothing of the log into the file, one is left to whoever may take long,
if folding is due."""
_FOLDING_EVERY_SECONDS = 0.5
"""Who reads keeps the log from being begun anew, and once it is long each commit that may fold does
so: a few pages, and two waits for the disk."""


class SqliteJournal:
    """See ``appender.Journal``."""

    def __init__(self, url: str) -> None:
        self._path = sqlite_path(url)
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._asking = threading.Lock()
        self._random_ids = RandomIds()
        self._unfolded = 0
        self._folds, self._folded = False, 0.0

    @contextmanager
    def writing(self, *, patient: bool = True) -> Iterator[Link]:
        """See ``Journal.writing``; for one thread at a time."""
        try:
            if not patient and not self._is_light():
                raise Taken
            with write_lock(self._path, patient=patient):
                if self._writer is None:
                    self._writer, self._folds = _connect(self._path), False
                folds = patient and self._is_folding_due()
                if folds != self._folds:
                    self._writer.execute(CHECKPOINTS if folds else NO_CHECKPOINTS)
                    self._folds = folds
                self._unfolded = 0 if folds else self._unfolded + 1
                with _transaction(self._writer, patient=patient):
                    yield SqliteLink(self._writer)
                if folds:
                    self._folded = time.monotonic()
        except Taken:
            raise
        except BaseException as error:
            self._random_ids.forget()  # what was remembered may not be there
            if isinstance(error, (sqlite3.Error, OSError)):
                raise unavailable("written", error) from error
            raise

    def _is_light(self) -> bool:
        """Whether to write a few events is all there is to do: no log to fold into the file, and
        nothing to be read first.
        """
        known = self._writer is not None and self._random_ids.is_light
        return known and not (self._unfolded >= _UNFOLDED_WRITES and self._is_folding_due())

    def _is_folding_due(self) -> bool:
        return time.monotonic() - self._folded > _FOLDING_EVERY_SECONDS

    def insert(self, connection: Link, events: Sequence[Event]) -> Sequence[Stored]:
        """See ``Journal.insert``."""
        return appending.insert(connection, events, self._random_ids)

    def ask(self, question: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a short question.

        The connection stays open, so who would replace or upgrade the file sees it in use. Raises
        StoreUnavailable.
        """
        try:
            with self._asking:
                if self._reader is None:
                    self._reader = _connect(self._path)
                return self._reader.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise unavailable("read", error) from error

    def close(self) -> None:
        """See ``Journal.close``; the last to close folds the log into the file."""
        with self._asking:
            for connection in (self._writer, self._reader):
                if connection is not None:
                    connection.close()
            self._writer = self._reader = None


def _connect(path: Path) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(path, **CONNECT)
    set_up(connection)
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection, *, patient: bool) -> Iterator[None]:
    if patient:
        connection.execute("BEGIN IMMEDIATE")
    else:
        _begin_now(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some faults of the disk have ended it already
            connection.execute("ROLLBACK")
        raise


def _begin_now(connection: sqlite3.Connection) -> None:
    """Begin, or raise Taken: whoever writes without our lock is not waited for."""
    connection.execute(IMPATIENT)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if str(error) != _BUSY:
            raise
        raise Taken from error
    finally:
        connection.execute(PATIENT)
