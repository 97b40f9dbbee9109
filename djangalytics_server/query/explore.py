"""A page of raw events, newest first; a search looks back for a moment only, then says where.

A text may stand anywhere in any event, and no index knows it. Whoever searches for what is rare
gets what was found in that moment at once, and goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from djangalytics_server.model.query import EventPage, StoredEvent
from djangalytics_server.store.base import Snapshot

SEARCH_SECONDS = 0.2
"""How long a search looks for one page."""
_FIRST_LOOK = 2_000
_LONGEST_LOOK = 10_000
"""How many ids one statement goes through: a few hundredths of a second's worth."""


@dataclass(frozen=True, slots=True)
class Found:
    """Events of a page, and the cursor of the next; None if nothing can be left."""

    events: tuple[StoredEvent, ...]
    next_cursor: int | None


def page(
    question: EventPage, snapshot: Snapshot, clock: Callable[[], float] = time.monotonic
) -> Found:
    """The page; of a search, as far as it got."""
    if question.search is not None:
        return _searched(question, snapshot, clock)
    events = snapshot.newest(question)
    full = len(events) == question.limit
    return Found(tuple(events), events[-1].id if full else None)


def _searched(question: EventPage, snapshot: Snapshot, clock: Callable[[], float]) -> Found:
    newest = snapshot.newest(EventPage(question.project_id, limit=1, before=question.before))
    high = newest[0].id + 1 if newest else 1
    lowest = 0 if question.after is None else question.after
    until, look = clock() + SEARCH_SECONDS, _FIRST_LOOK
    found: list[StoredEvent] = []
    while high > lowest + 1:
        low = max(lowest, high - 1 - look)
        rest = question.limit - len(found)
        found += snapshot.newest(replace(question, before=high, after=low, limit=rest))
        if len(found) == question.limit:
            return Found(tuple(found), found[-1].id)
        high, look = low + 1, min(2 * look, _LONGEST_LOOK)
        if clock() >= until and high > lowest + 1:
            return Found(tuple(found), high)
    return Found(tuple(found), None)
