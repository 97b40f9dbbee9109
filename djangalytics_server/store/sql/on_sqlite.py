"""A statement answered by SQLite: on a connection that can only read, and only the view."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from djangalytics_server.model.sql import SqlAnswer, SqlQuestion
from djangalytics_server.store.failures import timed_out, unavailable
from djangalytics_server.store.sql import rows
from djangalytics_server.store.sql.reading import read
from djangalytics_server.store.sql.refusing import refused
from djangalytics_server.store.sql.view import VIEW, sqlite_view
from djangalytics_server.store.sql.words import SqliteWriter

_INSTRUCTIONS = 10_000
"""Of SQLite's own machine, between two questions whether it is to go on."""
_PRAGMAS = (
    "PRAGMA trusted_schema=OFF",
    "PRAGMA case_sensitive_like=ON",
    "PRAGMA temp_store=FILE",
    "PRAGMA busy_timeout=4000",
)
FUNCTIONS = frozenset(
    (
        *("abs", "avg", "coalesce", "count", "dense_rank", "first_value", "glob", "json_extract"),
        *("json_type", "json_valid", "lag", "last_value", "lead", "length", "like", "lower"),
        *("max", "min", "ntile", "nullif", "printf", "rank", "round", "row_number", "strftime"),
        *("substr", "sum", "trim", "upper", "->"),
    )
)
"""What the view and the forms of statements use of SQLite's functions."""
_TROUBLES = ("disk", "malformed", "not a database", "locked", "unable to open", "readonly")
_TOO_LARGE = ("parser stack overflow", "too many ", "Expression tree is too large", "too big")
_LIMITS = {
    "SQLITE_LIMIT_LENGTH": 1_000_000,  # of a text, in bytes
    "SQLITE_LIMIT_SQL_LENGTH": 200_000,
    "SQLITE_LIMIT_COLUMN": 500,
    "SQLITE_LIMIT_EXPR_DEPTH": 500,
    "SQLITE_LIMIT_COMPOUND_SELECT": 20,
    "SQLITE_LIMIT_ATTACHED": 0,
    "SQLITE_LIMIT_LIKE_PATTERN_LENGTH": 1_000,
    "SQLITE_LIMIT_TRIGGER_DEPTH": 1,
    "SQLITE_LIMIT_WORKER_THREADS": 0,
}


def answer(path: Path, question: SqlQuestion, begin: Callable[[], Callable[[], bool]]) -> SqlAnswer:
    """The rows; ``begin`` starts the clock, and what it gives says when it is over.

    Raises InvalidQuestion, QuestionTimedOut, StoreUnavailable.
    """
    text = SqliteWriter(read(question.text), question.now).written()
    try:
        with closing(_opened(path, question.project_id)) as connection:
            return _asked(connection, text, question.limit, begin())
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise timed_out() from error
        raise _failure(error) from error
    except sqlite3.Error as error:
        raise _failure(error) from error
    except MemoryError as error:
        raise refused("sql_too_large", "The statement needs too much memory.") from error


def _opened(path: Path, project_id: int) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    connection.execute(sqlite_view(project_id))
    connection.execute("PRAGMA query_only=ON")
    if hasattr(connection, "setlimit"):  # since Python 3.11
        for name, most in _LIMITS.items():
            connection.setlimit(getattr(sqlite3, name), most)
    connection.set_authorizer(_allowed)
    return connection


def _allowed(
    action: int, what: str | None, of: str | None, database: str | None, through: str | None
) -> int:
    """Reading the view, and the table through the view; functions that we use; nothing else."""
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ:
        ours = (database == "main" and what == "events" and through == VIEW) or (
            database in ("temp", None) and what not in ("sqlite_temp_master", "sqlite_temp_schema")
        )
        return sqlite3.SQLITE_OK if ours else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and str(of).lower() in FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _asked(
    connection: sqlite3.Connection, text: str, limit: int, is_over: Callable[[], bool]
) -> SqlAnswer:
    connection.set_progress_handler(is_over, _INSTRUCTIONS)
    found = connection.execute(text)
    columns = [name for name, *_ in found.description]
    rows.check_width(columns)
    return rows.taken(columns, found, limit)


def _failure(error: sqlite3.Error) -> Exception:
    """What SQLite says of a statement; its own troubles are no fault of who wrote it."""
    words = str(error)
    if any(sign in words for sign in _TOO_LARGE):
        return refused("sql_too_large", "The statement is too large, or nested too deeply.")
    if any(trouble in words for trouble in _TROUBLES) and "malformed JSON" not in words:
        return unavailable("read", error)
    return refused("sql_failed", f"The database says: {words[:300]}.")
