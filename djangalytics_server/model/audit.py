"""What a recount of the rollups found: values, no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Key = tuple[int | str, ...]
Values = tuple[int, ...]
Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what its events say; None where there is, or should be, none.

    ``key`` names the row by its primary key, ``stored`` and ``truth`` are its other columns.
    """

    key: Key
    stored: Values | None
    truth: Values | None


@dataclass(frozen=True, slots=True)
class TableCheck:
    """One rollup held against the events: rows compared, rows wrong, and the first of those."""

    table: str
    key_columns: tuple[str, ...]
    value_columns: tuple[str, ...]
    compared: int
    wrong: int
    first: tuple[Difference, ...]
