"""The part of the store that answers questions; another process may have it by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection, Integer, bindparam, func, select

from djangalytics_server.model.sql import SqlAnswer, SqlQuestion
from djangalytics_server.store import repairs
from djangalytics_server.store.base import Snapshot
from djangalytics_server.store.snapshot import RelationalSnapshot
from djangalytics_server.store.sql_failures import as_unavailable
from djangalytics_server.store.stopping import Stop
from djangalytics_server.store.tables import EventRow, ExpiredDay, VerdictCount

_PROJECT = bindparam("project_id", type_=Integer)
_ACCEPTED = select(func.coalesce(func.sum(VerdictCount.count), 0)).where(
    VerdictCount.project_id == _PROJECT, VerdictCount.verdict == "accepted"
)
_EXPIRED = select(func.coalesce(func.sum(ExpiredDay.count), 0)).where(
    ExpiredDay.project_id == _PROJECT
)
_HIGHEST = select(func.coalesce(func.max(EventRow.id), 0))
_REVISION = select(*(one.scalar_subquery() for one in (_HIGHEST, _ACCEPTED, _EXPIRED)))
"""Made once: it is asked before and after every question, and to make it takes as long again."""


class Database(Protocol):
    """What each engine does in its own way; all else is the same SQL on every engine."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection that shows one state of the data for as long as the block lasts."""

    def mending(self) -> AbstractContextManager[Connection]:
        """One transaction, alone among all writers; committed and synced when the block ends."""

    def limited(
        self, connection: Connection, seconds: float, stop: Stop
    ) -> AbstractContextManager[None]:
        """Within the block a statement that is still running after so many seconds, or when it is
        to stop, ends with QuestionTimedOut.
        """

    def sql(self, question: SqlQuestion, seconds: float, stop: Stop) -> SqlAnswer:
        """See ``base.Reader.sql``."""

    def make_room(self, gone: Callable[[], bool]) -> None:
        """See ``base.Reader.make_room``."""

    def close(self) -> None:
        """Let go of every connection."""


class RelationalReader:
    """Keeps the promise of ``store.base.Reader`` in a relational database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def snapshot(
        self, seconds: float | None = None, stop: Stop | None = None
    ) -> Iterator[Snapshot]:
        """See ``Reader.snapshot``."""
        with self._reading() as connection:
            if seconds is None:
                yield RelationalSnapshot(connection)
                return
            stop = stop or Stop()
            with self._database.limited(connection, seconds, stop):
                yield RelationalSnapshot(connection, time.monotonic() + seconds, stop)

    def sql(self, question: SqlQuestion, seconds: float, stop: Stop | None = None) -> SqlAnswer:
        """See ``Reader.sql``."""
        with as_unavailable("read"):
            return self._database.sql(question, seconds, stop or Stop())

    def make_room(self, gone: Callable[[], bool]) -> None:
        """See ``Reader.make_room``."""
        self._database.make_room(gone)

    def revision(self, project_id: int) -> tuple[int, ...]:
        """See ``Reader.revision``."""
        with self._reading() as connection:
            found = connection.execute(_REVISION, {"project_id": project_id}).one()
            repaired = repairs.so_far(connection)
        return (*map(int, found), repaired)

    def close(self) -> None:
        """See ``Reader.close``."""
        self._database.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with as_unavailable("read"), self._database.reading() as connection:
            yield connection
