"""PostgreSQL's side of the append: one writer at a time among all processes, exact receipts.

The order of ids is the order of commits: whoever appends holds a lock of the database until its
transaction has ended, so a reader that has seen id n will find nothing new below it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy.exc import DBAPIError

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.event import Event, Stored
from djangalytics_server.store import statements
from djangalytics_server.store.failures import Taken
from djangalytics_server.store.link import Link
from djangalytics_server.store.postgres import BEGIN, postgres_engine
from djangalytics_server.store.sql_failures import as_unavailable

_log = logging.getLogger(__name__)

_COLUMNS = (
    ("project_id", "integer"),
    ("insert_id", "text"),
    ("event_name", "text"),
    ("timestamp", "bigint"),
    ("received_at", "bigint"),
    ("properties", "text"),
    ("distinct_id", "text"),
    ("session_id", "text"),
    ("source", "text"),
    ("original_timestamp", "bigint"),
)
# One array a column, sent in binary: a tenth of the client's work of one statement a row.
_INSERT = (
    f"INSERT INTO events ({', '.join(name for name, _ in _COLUMNS)})"  # noqa: S608 - constants
    f" SELECT * FROM unnest({', '.join(f'%b::{kind}[]' for _, kind in _COLUMNS)})"
    " ON CONFLICT (project_id, insert_id) DO NOTHING RETURNING project_id, insert_id, id"
)

_FIND = (
    "SELECT insert_id, id, event_name, timestamp FROM events"
    " WHERE project_id = %s AND insert_id = ANY(%b::text[])"
)

_Place = tuple[int, str]
"""Project and insert id."""
_Facts = tuple[int, str, int]
"""Id, name and timestamp."""


class PostgresJournal:
    """See ``appender.Journal``."""

    def __init__(self, url: str) -> None:
        self._engine = postgres_engine(url)

    @contextmanager
    def writing(self, *, patient: bool = True) -> Iterator[Link]:
        """See ``Journal.writing``; leaving without a commit rolls back. A network always waits."""
        if not patient:
            raise Taken
        with as_unavailable("written"), self._engine.connect() as connection:
            transaction = connection.begin()
            connection.exec_driver_sql(BEGIN)
            yield connection
            with _commit_in_doubt():
                transaction.commit()

    def insert(self, connection: Link, events: Sequence[Event]) -> Sequence[Stored]:
        """See ``Journal.insert``."""
        first: dict[_Place, Event] = {}
        for one in events:
            first.setdefault((one.project_id, one.insert_id), one)
        new = _insert_new(connection, list(first.values()))
        known = _find(connection, [place for place in first if place not in new])
        stand = known | {
            place: (event_id, first[place].event_name, first[place].timestamp)
            for place, event_id in new.items()
        }
        return _receipts(events, new, stand)

    def ask(self, question: str, values: tuple[object, ...] = ()) -> Sequence[tuple[Any, ...]]:
        """See ``Journal.ask``."""
        with as_unavailable("read"), self._engine.connect() as connection:
            return statements.ask(connection, question, values)

    def close(self) -> None:
        """See ``Journal.close``."""
        self._engine.dispose()


def _insert_new(connection: Link, events: Sequence[Event]) -> dict[_Place, int]:
    """Insert those whose insert ids are new; (project, insert id) -> id of each of them."""
    if not events:
        return {}
    # An event begins with its row, column for column.
    rows = [event[: len(_COLUMNS)] for event in events]
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    new = connection.exec_driver_sql(_INSERT, columns)
    return {(project_id, insert_id): event_id for project_id, insert_id, event_id in new}


def _receipts(
    events: Sequence[Event], new: Mapping[_Place, int], stand: Mapping[_Place, _Facts]
) -> Sequence[Stored]:
    """One entry an event: accepted at the first mention of what is new, else a duplicate."""
    unseen = set(new)
    receipts = []
    for one in events:
        place = (one.project_id, one.insert_id)
        status: Literal["accepted", "duplicate"] = "accepted" if place in unseen else "duplicate"
        unseen.discard(place)
        event_id, name, timestamp = stand[place]
        receipts.append(Stored(status, event_id, one.insert_id, name, timestamp))
    return tuple(receipts)


def _find(connection: Link, places: Sequence[_Place]) -> dict[_Place, _Facts]:
    """(project, insert id) -> (id, name, timestamp) of the stored rows."""
    wanted: dict[int, list[str]] = {}
    for project_id, insert_id in places:
        wanted.setdefault(project_id, []).append(insert_id)
    found = {}
    for project_id, insert_ids in wanted.items():
        rows = connection.exec_driver_sql(_FIND, (project_id, insert_ids))
        found.update({(project_id, row[0]): (row[1], row[2], row[3]) for row in rows})
    return found


@contextmanager
def _commit_in_doubt() -> Iterator[None]:
    """A connection lost during COMMIT leaves open whether it happened; the sender may repeat."""
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        _log.error("the connection was lost during a commit: %s", error.orig)
        raise StoreUnavailable(
            "The database went away while it was committing. The events may be stored: sending "
            "the same ones again is safe, and stores none twice.",
            retry_after=2,
        ) from error
