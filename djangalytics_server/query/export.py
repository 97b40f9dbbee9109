"""Every event of a question, page by page: the same memory for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from djangalytics_server.model.query import EventPage, StoredEvent
from djangalytics_server.store.base import Store

PAGE = 2_000
_REST = 500
"""How many ids a statement looks at for each event it is to find, at most."""


def pages(
    question: EventPage, store: Store, passed: Callable[[int, int], None] = lambda at, of: None
) -> Iterator[list[StoredEvent]]:
    """In the order of arrival, all that had arrived at the beginning.

    Each page is a look of its own, so that a reader who takes his time keeps nothing open.
    ``passed`` is told the id that was reached and the last there will be.
    """
    newest = store.newest(EventPage(question.project_id, limit=1))
    last = newest[0].id if newest else 0
    low = 0
    while low < last:
        high = min(last, low + PAGE * _REST)
        with store.snapshot() as snapshot:
            found = snapshot.oldest(replace(question, limit=PAGE, after=low, before=high + 1))
        full = len(found) == PAGE
        low = found[-1].id if full else high
        if found:
            yield found
        passed(low, last)
