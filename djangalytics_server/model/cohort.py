"""Cohorts: people told apart by what they did, or by what is last known of them.

People are the ``distinct_id`` of a project's events; events without one are nobody's. Times are
microseconds since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from djangalytics_server.model.insight import Kind
from djangalytics_server.model.query_filter import Condition, Members

MOST_TIMES = 1_000_000
MOST_LAST_DAYS = 3_650
MOST_PARTS = 20
"""How many behaviours and properties a definition has at most."""
MOST_DEPTH = 5
"""How deep their groups may nest."""
MOST_PEOPLE = 10_000
"""How many people one page of a cohort lists at most."""

Window = tuple[int | None, int | None]
"""Start, inclusive, and end, exclusive; None is open."""


@dataclass(frozen=True, slots=True)
class Did:
    """Who has at least so many events of a kind in the window."""

    kind: Kind
    window: Window = (None, None)
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class FirstDid:
    """Whose first event of a kind, of all there are, lies in the window."""

    kind: Kind
    window: Window


@dataclass(frozen=True, slots=True)
class Latest:
    """Of whose events that have the condition's subject the newest passes it.

    The newest is that with the latest time, of several the one that arrived last.
    """

    condition: Condition


@dataclass(frozen=True, slots=True)
class Each:
    """Who is in all of them."""

    whos: tuple[Who, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Who is in at least one of them."""

    whos: tuple[Who, ...]


@dataclass(frozen=True, slots=True)
class Else:
    """Whoever is not in it."""

    who: Who


Who = Did | FirstDid | Latest | Each | Any | Else


@dataclass(frozen=True, slots=True)
class CohortPeople:
    """The question how many people a cohort has, and who: ``limit`` of them after an id."""

    members: Members
    limit: int = 0
    after: str = ""


@dataclass(frozen=True, slots=True)
class CohortAnswer:
    """How many people are in it, of how many there are, and those asked for, by code points."""

    people: int
    of: int
    listed: tuple[str, ...] = ()
