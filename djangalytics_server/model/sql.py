"""A question in SQL and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Plain = str | int | float | bool | None

MOST_TEXT = 10_000
"""Characters of a statement."""
MOST_ROWS = 10_000
USUAL_ROWS = 1_000
MOST_BYTES = 5 * 1024 * 1024
"""Of an answer's rows, about."""
MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """A statement about one project's events; ``now`` is in microseconds since 1970 UTC."""

    project_id: int
    text: str
    now: int
    limit: int = USUAL_ROWS


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """Rows, and what cut them short, if anything did."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Plain, ...], ...]
    cut: Literal["rows", "bytes"] | None = None
