"""Statements written once, with ``?`` for their values, run by whatever driver is underneath."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from djangalytics_server.store.link import Link

_MOST_ROWS = 1_024
_EXACT_BITS = 4


def run(connection: Link, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run a statement that answers nothing once a row; no rows, no statement.

    The statement is plain SQL that every engine reads alike; a ``?`` in it is always a value.
    No two rows of a statement that ends in ON CONFLICT may be in conflict with each other.
    """
    if not rows:
        return
    if connection.dialect.paramstyle != "qmark" or " VALUES " not in statement:
        spoken = _spoken(statement, connection.dialect.paramstyle)
        connection.exec_driver_sql(spoken, list(rows))
        return
    start = 0
    while start < len(rows):
        count = portion(len(rows) - start)
        values = tuple(chain.from_iterable(rows[start : start + count]))
        connection.exec_driver_sql(repeated(statement, count), values)
        start += count


def ask(connection: Link, statement: str, values: tuple[object, ...]) -> Sequence[tuple[Any, ...]]:
    """The rows that a statement answers."""
    spoken = _spoken(statement, connection.dialect.paramstyle)
    return [tuple(row) for row in connection.exec_driver_sql(spoken, values)]


def portion(rows: int) -> int:
    """How many of so many rows go into SQLite's next statement.

    As many as can be, because the interpreter is free for other threads while SQLite works on a
    statement, and has to be won back after it. Beyond fifteen a number with four leading bits
    that count, so that there are some dozens of statements, the driver keeps them all prepared,
    and what is left over is an eighth at most.
    """
    spare = max(0, min(rows, _MOST_ROWS).bit_length() - _EXACT_BITS)
    return min(rows, _MOST_ROWS) >> spare << spare


@cache
def repeated(statement: str, rows: int) -> str:
    """The statement with its list of VALUES so many times."""
    before, _, rest = statement.partition(" VALUES ")
    places, closed, after = rest.partition(")")
    return f"{before} VALUES {', '.join([places + closed] * rows)}{after}"


@cache
def _spoken(statement: str, paramstyle: str) -> str:
    """The statement with the driver's own sign for a value."""
    if paramstyle == "qmark":
        return statement
    return statement.replace("%", "%%").replace("?", "%s")
