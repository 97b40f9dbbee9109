"""How a statement is refused: in words, with the place."""

from __future__ import annotations

from djangalytics_server.errors import FieldError, InvalidQuestion

Place = tuple[int, int]
"""Line and column, both from 1."""


def refused(code: str, message: str, place: Place | None = None) -> InvalidQuestion:
    """The error that says why a statement is not run, and where in it that is."""
    line, column = place or (None, None)
    where = f" (line {line}, column {column})" if place else ""
    error = FieldError(code, message + where, "sql", line=line, column=column)
    return InvalidQuestion(f"sql: {message}{where}", errors=[error])


def place_at(text: str, offset: int) -> Place:
    """Where a character is."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
