"""The delivery ledger: on every engine what a look at each single number says."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.delivery import (
    HIGHEST_NUMBER,
    STATES,
    Counts,
    Delivery,
    DeliveryPage,
    Numbering,
)
from djangalytics_server.model.event import Rejection, Submission
from djangalytics_server.store import account, producers
from djangalytics_server.store.base import Store
from tests.contract.engines import Engine
from tests.contract.making import NOW, SECOND, event, refused
from tests.contract.test_store import EACH
from tests.ledger import Told, each, ranges, sums

MINUTE = 60 * SECOND

_ranges = st.builds(
    lambda first, count: (first, first + count - 1), st.integers(1, 40), st.integers(1, 9)
)
_numberings = st.builds(
    Numbering,
    producer_id=st.sampled_from(("a", "b", "c")),
    host=st.sampled_from(("web-1", "web-2")),
    process=st.sampled_from(("gunicorn[812]", "celery")),
    started_at=st.sampled_from((NOW - SECOND, NOW)),
    tracked=st.integers(0, 60),
    arrived=st.lists(_ranges, min_size=1, max_size=4).map(tuple),
    dropped=st.one_of(st.just(()), st.lists(_ranges, max_size=3).map(tuple)),
    lost=st.dictionaries(st.sampled_from(("queue_full", "too_large")), st.integers(0, 9)),
)
_batches = st.lists(
    st.lists(st.tuples(st.sampled_from((1, 2)), _numberings), min_size=1, max_size=4), max_size=8
)

_projects = itertools.count(10, 10)
"""Each example has projects of its own in one store, which is quicker than a store each."""


def numbering(*arrived: tuple[int, int], producer_id: str = "a", **more: Any) -> Numbering:
    """A producer that says where it is, whatever it numbers."""
    return Numbering(
        producer_id,
        **{
            "host": "web-1",
            "process": "gunicorn[812]",
            "started_at": NOW,
            "tracked": 0,
            "arrived": arrived,
            **more,
        },
    )


def tell(store: Store, *told: Numbering, at: int = NOW) -> None:
    """One transaction with one submission each."""
    store.append([Submission(1, at, numbering=one) for one in told])


def asked(store: Store, project_id: int = 1, now: int = NOW, **more: Any) -> Delivery:
    """The ledger of a project."""
    return store.delivery(DeliveryPage(project_id, now, **more))


@settings(max_examples=30, suppress_health_check=EACH)
@given(
    batches=_batches,
    pauses=st.lists(st.integers(0, 200), min_size=8, max_size=8),
    later=st.integers(0, 400),
)
def test_the_ledger_is_that_of_the_oracle(
    store: Store, batches: Any, pauses: list[int], later: int
) -> None:
    """Random batches with gaps, repeats, late ones and several producers in one transaction."""
    oracle: dict[tuple[int, str], Told] = {}
    at = NOW
    base = next(_projects)
    for group, pause in zip(batches, pauses, strict=False):
        at += pause * SECOND + 123
        store.append([Submission(base + project, at, numbering=told) for project, told in group])
        for project, told in group:
            oracle.setdefault((project, told.producer_id), Told()).take(told, at)
    now = at + later * SECOND
    for project in (1, 2, 3):
        mine = [t.producer(name, now) for (p, name), t in oracle.items() if p == project]
        mine.sort(key=lambda producer: (-producer.last_seen, producer.producer_id))
        found = asked(store, base + project, now)
        assert mine == list(found.newest)
        assert sums([producer.counts for producer in mine]) == found.totals
        lost: Counter[str] = Counter()
        for producer in mine:
            lost.update(producer.lost)
        assert lost == found.lost
        assert (len(mine), 0, False) == (found.producers, found.merged, found.more)
        for state in STATES:
            some = [producer for producer in mine if producer.state == state]
            assert some == list(asked(store, base + project, now, state=state).newest)
        first = asked(store, base + project, now, limit=1)
        assert (mine[:1], len(mine) > 1) == (list(first.newest), first.more)


@settings(max_examples=60, suppress_health_check=EACH)
@given(told=st.lists(_numberings, max_size=30))
def test_more_gaps_than_are_kept_apart(store: Store, told: list[Numbering]) -> None:
    """Beyond the bound the missing are at most so many; nothing else is made up or forgotten."""
    oracle: dict[str, Told] = {}
    project = next(_projects)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account, "MOST_GAPS", 2)
        for one in told:
            store.append([Submission(project, NOW, numbering=one)])
            oracle.setdefault(one.producer_id, Told()).take(one, NOW)
        for producer in asked(store, project, NOW + 6 * MINUTE).newest:
            true = oracle[producer.producer_id].producer(producer.producer_id, NOW + 6 * MINUTE)
            counts, expected = producer.counts, true.counts
            assert expected.tracked == counts.tracked
            sent = [
                n
                for one in told
                if one.producer_id == producer.producer_id
                for n in each(one.arrived)
            ]
            assert len(sent) == counts.received + counts.repeated + counts.unplaced
            assert expected.missing <= counts.missing
            if not any(one.dropped for one in told):
                assert counts.missing - counts.unplaced <= expected.missing
            listed = set(each(producer.missing_ranges))
            assert counts.missing == len(listed) + producer.untold
            assert counts.tracked == counts.received + counts.missing + counts.dropped
            if not producer.untold and not counts.unplaced and not expected.dropped:
                assert true == producer


def test_a_gap_is_on_its_way_and_then_missing(store: Store) -> None:
    """For five minutes after a higher number came nobody is alarmed."""
    tell(store, numbering((1, 10), (13, 20), tracked=25))
    soon = asked(store, now=NOW + 5 * MINUTE - SECOND)
    assert (0, 7, "on_the_way") == (
        soon.totals.missing,
        soon.totals.on_the_way,
        soon.newest[0].state,
    )
    tell(store, numbering((21, 25), tracked=25), at=NOW + 4 * MINUTE)
    then = asked(store, now=NOW + 5 * MINUTE)
    assert Counts(25, 23, missing=2) == then.totals
    assert (((11, 12),), "missing") == (then.newest[0].missing_ranges, then.newest[0].state)
    tell(store, numbering((11, 12), tracked=25), at=NOW + 9 * MINUTE)
    whole = asked(store, now=NOW + 10 * MINUTE)
    assert Counts(25, 25, late=2) == whole.totals
    assert "complete" == whole.newest[0].state


def test_what_was_given_up_is_not_missing(store: Store) -> None:
    """Numbers that the sender dropped are told apart, and come back when they come after all."""
    tell(store, numbering((4, 6), tracked=6, dropped=((1, 3),), lost={"queue_full": 5}))
    tell(store, numbering((7, 7), tracked=7, dropped=((1, 3),), lost={"queue_full": 4}))
    found = asked(store, now=NOW + 6 * MINUTE)
    assert Counts(7, 4, dropped=3) == found.totals
    assert ({"queue_full": 5}, "dropped") == (found.lost, found.newest[0].state)
    tell(store, numbering((2, 2), tracked=7))
    assert Counts(7, 5, dropped=2, late=1) == asked(store, now=NOW + 6 * MINUTE).totals


def test_a_refused_event_has_come(store: Store) -> None:
    """Its number is in: what became of it is told beside, and is no matter of delivery."""
    told = numbering((1, 2), tracked=2)
    receipt = store.append([Submission(1, NOW, (event("x"),), (refused(index=1),), told)])[0]
    assert (1, 1, None) == (receipt.accepted, len(receipt.refused), receipt.unnumbered)
    assert Counts(2, 2) == asked(store).totals


def test_numbers_that_could_not_be_read_are_counted(store: Store) -> None:
    """The events are stored; the ledger says how many came so, and why."""
    fault = Rejection("sequences_mismatch", "No.", "producer.sequences")
    sent = Submission(1, NOW, (event("x"), event("x")), (refused(),), fault)
    assert fault == store.append([sent])[0].unnumbered
    found = asked(store)
    assert ({"sequences_mismatch": 3}, 0) == (found.unreadable, found.producers)
    verdicts = store.verdicts(1)
    assert (1, 1, 1) == (verdicts.accepted, verdicts.duplicates, verdicts.rejected)


def test_events_and_their_numbers_are_one_transaction(store: Store, engine: Engine) -> None:
    """When the ledger cannot be written the events are not stored either."""
    engine.refuse("producers")
    with pytest.raises(StoreUnavailable):
        store.append([Submission(1, NOW, (event("x"),), numbering=numbering((1, 1), tracked=1))])
    assert [(0,)] == engine.sql("SELECT count(*) FROM events")
    engine.relent("producers")
    store.append([Submission(1, NOW, (event("x"),), numbering=numbering((1, 1), tracked=1))])
    assert Counts(1, 1) == asked(store).totals


def test_old_producers_become_one_sum(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The totals stay, whoever has a row of its own; those heard last have one."""
    monkeypatch.setattr(producers, "MOST", 20)
    monkeypatch.setattr(producers, "MOST_REASONS", 5)
    for number in range(50):
        told = numbering(
            (2, 5),
            (2, 2),
            producer_id=f"p{number:02}",
            tracked=9,
            dropped=((8, 8),),
            lost={f"reason_{number}": 2},
        )
        tell(store, told, at=NOW + number * SECOND)
    found = asked(store, now=NOW + 60 * MINUTE)
    assert Counts(450, 200, missing=200, dropped=50, repeated=50) == found.totals
    assert (50, 30) == (found.producers, found.merged)
    newest = {f"reason_{number}" for number in range(30, 50)}
    assert [f"p{number}" for number in range(49, 29, -1)] == [p.producer_id for p in found.newest]
    assert {**{f"reason_{n}": 2 for n in range(5)}, "other": 50} == {
        reason: count for reason, count in found.lost.items() if reason not in newest
    }


def test_the_highest_numbers(store: Store) -> None:
    """The largest numbers there can be neither overflow a sum nor cost anything."""
    top = HIGHEST_NUMBER
    for number in range(5):
        name = f"p{number}"
        tell(store, numbering((top, top), producer_id=name, tracked=top, lost={"a": top}))
        tell(store, numbering((1, top - 1), producer_id=name, tracked=top))
    found = asked(store)
    assert (5 * top, 5 * (top - 1)) == (found.totals.received, found.totals.late)
    assert 5 * top == found.lost["a"]


def test_ranges_of_the_oracle() -> None:
    """The oracle's own arithmetic."""
    assert ((1, 2), (4, 4)) == ranges([1, 2, 4])
    assert [1, 2, 4] == list(each(((1, 2), (4, 4))))
