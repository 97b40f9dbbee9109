"""Whom, what and how much a project takes events from, as columns hold it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from djangalytics_server.model.sending import RateLimit

NOTHING = "[]"


def kept(names: Iterable[str]) -> str:
    """The list as a column holds it."""
    return json.dumps(list(names), ensure_ascii=False, separators=(",", ":"))


def listed(column: str) -> tuple[str, ...]:
    """The names in a column."""
    return () if column == NOTHING else tuple(json.loads(column))


def limit(rate: int | None, at_once: int | None) -> RateLimit | None:
    """A project's own limit in its two columns."""
    return None if rate is None or at_once is None else RateLimit(rate, at_once)
