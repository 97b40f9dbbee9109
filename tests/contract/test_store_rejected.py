"""Refused events: kept by number and age, listed, and stored after all exactly once."""

from __future__ import annotations

import pytest

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.query import EventPage, VerdictCounts
from djangalytics_server.model.rejected import Kept, RejectedPage
from djangalytics_server.store import rejections
from djangalytics_server.store.base import Store
from tests.contract.engines import Engine
from tests.contract.making import NOW, event, refused, send

PAGE = RejectedPage(1)


def ids(store: Store, page: RejectedPage = PAGE) -> list[int]:
    return [kept.id for kept in store.rejected(page)]


def test_everything_about_a_refusal_is_kept(store: Store) -> None:
    """What was sent, why it was refused, and what was around it."""
    more = {"insert_id": "i", "key_prefix": "djw_x", "sent_at": 7, "raw": '{"a": 1}'}
    send(store, refused=[refused("too_deep", **more)])
    (kept,) = store.rejected(PAGE)
    expected = Kept(kept.id, 1, NOW, "too_deep", "event_name", "djw_x", "i", 7, '{"a": 1}')
    assert expected == kept


def test_they_are_listed_newest_first(store: Store) -> None:
    """By project, reason and id, page by page."""
    codes = ["too_deep", "event_name_missing"]
    for number in range(6):
        send(store, refused=[refused(codes[number % 2])])
        send(store, refused=[refused(project_id=2)])
    everything = ids(store)
    assert sorted(everything, reverse=True) == everything
    assert 6 == len(everything)
    assert everything[:2] == ids(store, RejectedPage(1, limit=2))
    assert everything[2:4] == ids(store, RejectedPage(1, limit=2, before=everything[1]))
    assert everything[1::2] == ids(store, RejectedPage(1, code="too_deep"))
    assert everything[3:4] == ids(store, RejectedPage(1, ids=(everything[3],)))


def test_old_ones_go_when_the_next_comes(store: Store) -> None:
    """By age, each project for itself; the counts stay."""
    send(store, refused=[refused()])
    send(store, refused=[refused(project_id=2)])
    send(store, refused=[refused(received_at=NOW + rejections.OLDEST)])
    assert 2 == len(ids(store))
    send(store, refused=[refused(received_at=NOW + rejections.OLDEST + 1)])
    assert 2 == len(ids(store))
    assert 1 == len(ids(store, RejectedPage(2)))
    assert 3 == store.verdicts(1).rejected


def test_what_is_replayed_is_stored_and_no_longer_refused(store: Store) -> None:
    """Its count moves from refused to what it became, so that the sum stays what was sent."""
    send(store, event("known"), refused=[refused("too_deep"), refused("too_deep"), refused()])
    last, second, first = ids(store)
    done = store.replay([(first, event("new")), (second, event("known"))])
    assert ["accepted", "duplicate"] == [stored.status for stored in done if stored]
    assert ["new", "known"] == [e.insert_id for e in store.newest(EventPage(1))]
    assert [last] == ids(store)
    assert VerdictCounts(2, 1, 1, (("event_name_missing", 1),)) == store.verdicts(1)
    assert not any(table.wrong for table in store.recount())


def test_replaying_twice_adds_nothing(store: Store) -> None:
    """Whoever comes second finds the kept event gone, even with another insert id."""
    send(store, refused=[refused()])
    (kept,) = ids(store)
    assert store.replay([(kept, event("1"))]) != [None]
    before = store.verdicts(1)
    assert [None] == store.replay([(kept, event("2"))])
    assert before == store.verdicts(1)
    assert ["1"] == [e.insert_id for e in store.newest(EventPage(1))]


@pytest.mark.parametrize("table", ["events", "event_definitions"])
def test_a_replay_that_fails_leaves_no_trace(store: Store, engine: Engine, table: str) -> None:
    """Neither is the event stored nor the kept one gone."""
    send(store, refused=[refused()])
    kept, counts = ids(store), store.verdicts(1)
    engine.refuse(table)
    with pytest.raises(StoreUnavailable):
        store.replay([(kept[0], event("1"))])
    engine.relent(table)
    assert (kept, counts, []) == (ids(store), store.verdicts(1), store.newest(EventPage(1)))
    assert store.replay([(kept[0], event("1"))]) != [None]
