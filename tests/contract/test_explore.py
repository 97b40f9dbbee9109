"""Searches that look for a moment at a time, on every engine."""

from __future__ import annotations

from itertools import count

import pytest

from djangalytics_server.model.query import EventPage
from djangalytics_server.query import explore
from djangalytics_server.store import back
from djangalytics_server.store.base import Store
from tests.contract.making import event, send


@pytest.mark.parametrize("look", [1, 2, 7, 1_000])
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_a_search_finds_each_event_once_however_often_it_stops(
    store: Store, monkeypatch: pytest.MonkeyPatch, look: int, limit: int
) -> None:
    """Page after page, the time of each up after one look: all that match, newest first."""
    send(store, *(event(f"i{n}", name="rare" if n % 5 == 0 else "usual") for n in range(23)))
    send(store, event("theirs", name="rare", project_id=2))
    for name in ("FIRST_LOOK", "LONGEST_LOOK", "AT_ONCE"):
        monkeypatch.setattr(back, name, look)
    found: list[str] = []
    cursor: int | None = None
    pages = 0
    with store.snapshot() as snapshot:
        while pages == 0 or cursor is not None:
            asked = EventPage(1, limit=limit, before=cursor, search="RARE")
            page = explore.page(asked, snapshot, clock=map(float, count()).__next__)
            found += [one.insert_id for one in page.events]
            cursor = page.next_cursor
            pages += 1
    assert ["i20", "i15", "i10", "i5", "i0"] == found
    assert pages >= 23 // look or look == 1_000


def test_a_search_of_nothing_ends(store: Store) -> None:
    """Without events there is no page and no next one."""
    with store.snapshot() as snapshot:
        assert explore.Found((), None) == explore.page(EventPage(1, search="x"), snapshot)


def test_a_search_goes_back_no_further_than_asked(store: Store) -> None:
    """The id that a page starts above holds for a search as well."""
    send(store, *(event(f"i{n}") for n in range(9)))
    with store.snapshot() as snapshot:
        found = explore.page(EventPage(1, search="i", after=6), snapshot)
    assert (["i8", "i7", "i6"], None) == ([e.insert_id for e in found.events], found.next_cursor)
