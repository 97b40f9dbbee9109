"""Rows of an engine as JSON has them, as many as an answer holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Literal

from djangalytics_server.model.sql import MOST_BYTES, MOST_COLUMNS, Plain, SqlAnswer
from djangalytics_server.store.sql.refusing import refused

_CELL = 8
"""Bytes of a value that is no text, about."""


def check_width(columns: Sequence[str]) -> None:
    """Raise InvalidQuestion for an answer that is too wide."""
    if len(columns) > MOST_COLUMNS:
        raise refused("sql_too_large", f"An answer has at most {MOST_COLUMNS} columns.")


def taken(columns: Sequence[str], rows: Iterable[Sequence[Any]], limit: int) -> SqlAnswer:
    """At most ``limit`` rows, and as many as fit; no row is looked at that is not needed."""
    kept: list[tuple[Plain, ...]] = []
    size, cut = 0, None
    for row in rows:
        if len(kept) == limit:
            cut = "rows"
            break
        values = tuple(map(plain, row))
        size += sum(len(value) if isinstance(value, str) else _CELL for value in values)
        if size > MOST_BYTES:
            cut = "bytes"
            break
        kept.append(values)
    why: Literal["rows", "bytes"] | None = "rows" if cut == "rows" else "bytes" if cut else None
    return SqlAnswer(unlike(columns), tuple(kept), why)


def unlike(columns: Sequence[str]) -> tuple[str, ...]:
    """The names, each once: the second ``id`` is ``id_2``."""
    given: list[str] = []
    for name in columns:
        new, number = name, 1
        while new in given:
            number += 1
            new = f"{name}_{number}"
        given.append(new)
    return tuple(given)


def plain(value: Any) -> Plain:
    """One value; null for a number that JSON does not know."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        exact = value == value.to_integral_value() and abs(value) < 2**63
        return int(value) if exact else plain(float(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        moment = value.astimezone(timezone.utc)
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
