"""What a statement sees: the events of one project, and nothing else."""

from __future__ import annotations

VIEW = "events"

COLUMNS = (
    "id",
    "event_name",
    "distinct_id",
    "session_id",
    "source",
    "timestamp",
    "received_at",
    "insert_id",
    "properties",
    "timestamp_us",
    "received_at_us",
)
"""The view's columns, in the order of ``SELECT *``."""

TIMES = {"timestamp": "timestamp_us", "received_at": "received_at_us"}
"""A moment's column -> the same in microseconds since 1970, which an index can be asked for."""

_FIRST_SECOND = 62_135_596_800
"""From the year 1 to 1970: division cuts towards zero, so what is divided is never negative."""


def sqlite_view(project_id: int) -> str:
    """The statement that makes the view on SQLite, for as long as the connection lasts."""
    return (
        f"CREATE TEMP VIEW {VIEW} AS SELECT id, event_name, distinct_id, session_id, source,"  # noqa: S608 - a number of ours
        f" {sqlite_moment('timestamp')} AS timestamp,"
        f" {sqlite_moment('received_at')} AS received_at,"
        " insert_id, properties, timestamp AS timestamp_us, received_at AS received_at_us"
        f" FROM main.events WHERE project_id = {int(project_id)}"
    )


def sqlite_moment(column: str) -> str:
    """RFC 3339 of a column of microseconds."""
    fraction = f"({column} + {_FIRST_SECOND}000000) % 1000000"
    whole = f"strftime('%Y-%m-%dT%H:%M:%S', {sqlite_second(column)}, 'unixepoch')"
    return f"{whole} || printf('.%06dZ', {fraction})"


def sqlite_second(column: str) -> str:
    """The second of a column of microseconds."""
    return f"(({column} + {_FIRST_SECOND}000000) / 1000000 - {_FIRST_SECOND})"


def postgres_view(project_id: int) -> str:
    """The same on PostgreSQL, until the transaction ends.

    As a barrier: of other projects' rows nothing reaches an expression that could fail over them.
    """
    return (
        f"CREATE TEMP VIEW {VIEW} WITH (security_barrier) AS"  # noqa: S608 - a number of ours
        " SELECT id, event_name, distinct_id, session_id, source,"
        f" {_postgres_moment('timestamp')} AS timestamp,"
        f" {_postgres_moment('received_at')} AS received_at,"
        " insert_id, properties, timestamp AS timestamp_us, received_at AS received_at_us"
        f" FROM events WHERE project_id = {int(project_id)}"
    )


def _postgres_moment(column: str) -> str:
    return f"(timestamptz 'epoch' + {column} * interval '1 microsecond')"
