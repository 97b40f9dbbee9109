"""How long raw events are kept: what there is, what is to go, and the run that removes it."""

from __future__ import annotations

from dataclasses import dataclass

MOST_DAYS = 36_500
"""The longest that can be said, but for ever."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A project's raw events: how many there are, and how many went by age, ever.

    ``oldest`` is the UTC day, in days since 1970, on which the oldest one arrived. ``due`` arrived
    on days before the one that was asked for; None when none was.
    """

    events: int
    removed: int
    oldest: int | None
    due: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """The last removal of a project's old events, or the one under way.

    ``state`` is "running", "interrupted" (nobody is at it, and somebody will be), or "done".
    Times are in microseconds since 1970 UTC; ``ended_at`` is None until it is done.
    """

    days: int
    began_at: int
    ended_at: int | None
    removed: int
    state: str
