"""Lists of whom and what a project takes events from, as they are kept: JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

NOTHING = "[]"


def kept(names: Iterable[str]) -> str:
    """The list as a column holds it."""
    return json.dumps(list(names), ensure_ascii=False, separators=(",", ":"))


def listed(column: str) -> tuple[str, ...]:
    """The names in a column."""
    return () if column == NOTHING else tuple(json.loads(column))
