"""A statement answered by PostgreSQL: in a transaction that can only read, and is undone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from djangalytics_server.model.sql import SqlAnswer, SqlQuestion
from djangalytics_server.store.failures import timed_out
from djangalytics_server.store.sql import rows
from djangalytics_server.store.sql.reading import read
from djangalytics_server.store.sql.refusing import refused
from djangalytics_server.store.sql.view import VIEW, postgres_view
from djangalytics_server.store.sql.words import PostgresWriter
from djangalytics_server.store.stopping import Stop

ROLE = "djangalytics_sql"
"""A role that an operator may make: it needs no right at all, and has the statement run."""
_HARMLESS = "pg_stat_scan_tables"
"""One of PostgreSQL's own that may read no table: it takes the place of a superuser."""
_CANCELED = "57014"
_AT_ONCE = 500
_SETTINGS = (
    ("statement_timeout", "{milliseconds}ms"),
    ("lock_timeout", "2s"),
    ("timezone", "UTC"),
    ("work_mem", "16MB"),
    ("max_parallel_workers_per_gather", "0"),
    ("standard_conforming_strings", "on"),
    ("jit", "off"),
)
_TROUBLES = ("08", "53", "57", "58", "XX")
"""Classes of errors that are no fault of the statement."""


def answer(engine: Engine, question: SqlQuestion, seconds: float, stop: Stop) -> SqlAnswer:
    """The rows; raises InvalidQuestion, QuestionTimedOut, or SQLAlchemy's own."""
    text = PostgresWriter(read(question.text), question.now).written()
    reader = engine.execution_options(isolation_level="REPEATABLE READ")
    with reader.connect() as connection:
        transaction = connection.begin()
        try:
            end = time.monotonic() + seconds
            _prepare(connection, question.project_id, seconds)
            driver: Any = connection.connection.driver_connection
            with stop.by(driver.cancel):
                return _asked(driver, text, question.limit, end)
        except psycopg.Error as error:
            raise _failure(error) from error
        finally:
            transaction.rollback()  # the view goes with it


def _prepare(connection: Connection, project_id: int, seconds: float) -> None:
    limit = max(1, round(seconds * 1_000))
    settings = [(name, value.format(milliseconds=limit)) for name, value in _SETTINGS]
    words = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings)
    connection.exec_driver_sql(f"SELECT {words}")
    connection.exec_driver_sql(postgres_view(project_id))
    role = connection.exec_driver_sql(
        "SELECT rolname FROM pg_roles WHERE rolname IN (%s, %s)"
        " AND pg_has_role(current_user, oid, 'MEMBER') ORDER BY rolname = %s DESC LIMIT 1",
        (ROLE, _HARMLESS, ROLE),
    ).scalar()
    if role is not None:
        connection.exec_driver_sql(f"GRANT SELECT ON pg_temp.{VIEW} TO {role}")
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _asked(driver: Any, text: str, limit: int, end: float) -> SqlAnswer:
    """By a cursor of the server, so that no more rows come than are taken."""
    with driver.cursor(name="answer") as cursor:
        cursor.execute(text)  # without values, so that % is itself
        columns = [column.name for column in cursor.description]
        rows.check_width(columns)
        return rows.taken(columns, _in_time(driver, cursor, end), limit)


def _in_time(driver: Any, cursor: Any, end: float) -> Iterator[Sequence[Any]]:
    """The rows, all within the time: each look for more is a statement with a limit of its own."""
    while (left := end - time.monotonic()) > 0:
        driver.execute(f"SET LOCAL statement_timeout = {max(1, round(left * 1_000))}")
        some = cursor.fetchmany(_AT_ONCE)
        yield from some
        if len(some) < _AT_ONCE:
            return
    raise timed_out()


def _failure(error: psycopg.Error) -> Exception:
    if error.sqlstate == _CANCELED:
        return timed_out()
    if isinstance(error, psycopg.DataError) and error.sqlstate is None:  # not its, but the driver's
        words = "There is a time in the answer outside the years 1 to 9999."
        return refused("sql_failed", words)
    if error.sqlstate is None or error.sqlstate.startswith(_TROUBLES):
        return DBAPIError.instance(None, None, error, psycopg.Error)
    words = (error.diag.message_primary or "it failed").rstrip(".")
    return refused("sql_failed", f"The database says: {words[:300]}.")
