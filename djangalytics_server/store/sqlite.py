"""SQLite, read by SQLAlchemy; ``sqlite_journal`` appends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from djangalytics_server.model.sql import SqlAnswer, SqlQuestion
from djangalytics_server.store.dialects import WRITE, sqlite_engine
from djangalytics_server.store.failures import timed_out
from djangalytics_server.store.sqlite_file import (
    CHECKPOINTS,
    NO_CHECKPOINTS,
    sqlite_path,
    write_lock,
)
from djangalytics_server.store.sqlite_log import Log
from djangalytics_server.store.stopping import Stop

_INSTRUCTIONS = 50_000
"""Of SQLite's own machine, between two looks at the clock: about a millisecond."""


class SqliteDatabase:
    """One file; see ``reader.Database``."""

    def __init__(self, url: str) -> None:
        self._path = sqlite_path(url)
        self._engine = sqlite_engine(url)
        self._log = Log(self._path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See ``Database.reading``; the first read fixes what all of them see."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def limited(self, connection: Connection, seconds: float, stop: Stop) -> Iterator[None]:
        """See ``Database.limited``."""
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(_is_over(seconds, stop), _INSTRUCTIONS)
        try:
            yield
        except OperationalError as error:
            if "interrupted" in str(error.orig):
                raise timed_out() from error
            raise
        finally:
            driver.set_progress_handler(None, 0)

    def sql(self, question: SqlQuestion, seconds: float, stop: Stop) -> SqlAnswer:
        """See ``Database.sql``."""
        from djangalytics_server.store.sql import on_sqlite  # its parser is not for every start

        return on_sqlite.answer(self._path, question, partial(_is_over, seconds, stop))

    def make_room(self, gone: Callable[[], bool]) -> None:
        """See ``Database.make_room``."""
        self._log.make_room(gone)

    @contextmanager
    def mending(self) -> Iterator[Connection]:
        """See ``Database.mending``."""
        writing = self._engine.execution_options(**{WRITE: True})
        with write_lock(self._path), writing.connect() as connection:
            # Nobody appends for hours, perhaps: then the log is for us to empty.
            driver: Any = connection.connection.driver_connection
            driver.execute(CHECKPOINTS)
            try:
                with connection.begin():
                    yield connection
            finally:
                driver.execute(NO_CHECKPOINTS)

    def close(self) -> None:
        """See ``Database.close``."""
        self._engine.dispose()


def _is_over(seconds: float, stop: Stop) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: stop.asked or time.monotonic() > end
