"""SQLite: one file, one writer at a time among all processes that share it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from djangalytics_server.model.event import Event, Stored
from djangalytics_server.store import appending
from djangalytics_server.store.dialects import (
    WRITE,
    enable_checkpoints,
    sqlite_engine,
    sqlite_path,
    write_lock,
)
from djangalytics_server.store.failures import timed_out
from djangalytics_server.store.random_ids import RandomIds

_INSTRUCTIONS = 50_000
"""Of SQLite's own machine, between two looks at the clock: about a millisecond."""


class SqliteDatabase:
    """One file; see ``relational.Database``."""

    def __init__(self, url: str) -> None:
        self._path = sqlite_path(url)
        self._engine = sqlite_engine(url)
        self._writer: Connection | None = None
        self._random_ids = RandomIds()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See ``Database.reading``; the first read fixes what all of them see."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def limited(self, connection: Connection, seconds: float) -> Iterator[None]:
        """See ``Database.limited``."""
        end = time.monotonic() + seconds
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: time.monotonic() > end, _INSTRUCTIONS)
        try:
            yield
        except OperationalError as error:
            if "interrupted" in str(error.orig):
                raise timed_out() from error
            raise
        finally:
            driver.set_progress_handler(None, 0)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See ``Database.writing``; for one thread at a time."""
        with write_lock(self._path):
            if self._writer is None:
                self._writer = self._open()
            try:
                with self._writer.begin():
                    yield self._writer
            except BaseException:
                self._random_ids.forget()  # what was remembered may not be there
                raise

    def insert(self, connection: Connection, events: Sequence[Event]) -> Sequence[Stored]:
        """See ``Database.insert``."""
        return appending.insert(connection, events, self._random_ids)

    def close(self) -> None:
        """See ``Database.close``; the last to close folds the log into the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._engine.dispose()

    def _open(self) -> Connection:
        writer = self._engine.connect().execution_options(**{WRITE: True})
        enable_checkpoints(writer)
        writer.rollback()
        return writer
