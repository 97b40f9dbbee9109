"""A page of raw events, newest first; a search looks back for a moment only, then says where.

A text may stand anywhere in any event, and no index knows it. Whoever searches for what is rare
among very many events gets what was found in that moment at once, and goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from djangalytics_server.model.query import EventPage, Mark, StoredEvent
from djangalytics_server.query import cursors
from djangalytics_server.store.base import Snapshot

SEARCH_SECONDS = 0.2
"""How long a search looks for one page."""


@dataclass(frozen=True, slots=True)
class Found:
    """Events of a page, and the cursor of the next; None if nothing can be left.

    It is an id, or of a page by ``timestamp`` text; see ``query.cursors``.
    """

    events: tuple[StoredEvent, ...]
    next_cursor: int | str | None


def page(
    question: EventPage, snapshot: Snapshot, clock: Callable[[], float] = time.monotonic
) -> Found:
    """The page; of a search, as far as it got."""
    if question.search is not None:
        return _searched(question, snapshot, clock)
    events = snapshot.newest(question)
    if len(events) < question.limit:
        return Found(tuple(events), None)
    last = events[-1]
    if question.order == "timestamp":
        return Found(tuple(events), cursors.written(Mark(last.timestamp, last.id)))
    return Found(tuple(events), last.id)


def _searched(question: EventPage, snapshot: Snapshot, clock: Callable[[], float]) -> Found:
    until, lowest = clock() + SEARCH_SECONDS, question.after or 0
    found: list[StoredEvent] = []
    for events, low in snapshot.looked_back(question):
        found += events[: question.limit - len(found)]
        if len(found) == question.limit:
            return Found(tuple(found), found[-1].id)
        if clock() >= until and low > lowest:
            return Found(tuple(found), low + 1)
    return Found(tuple(found), None)
