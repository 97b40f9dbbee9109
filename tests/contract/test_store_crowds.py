"""People by slot, on every engine."""

from __future__ import annotations

import pytest

from djangalytics_server.model.event import DAY_SECONDS
from djangalytics_server.model.insight import Scan
from djangalytics_server.store.base import Store
from djangalytics_server.store.insights import crowds
from tests.contract.making import NOW, SECOND, event, send

DAY = DAY_SECONDS * SECOND


def test_a_person_of_several_pieces_is_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However finely a slot is cut so that no answer is large, nobody is counted twice."""
    for number in range(12):
        at, person = NOW + number * DAY // 4, f"p{number % 5}"
        send(store, event(f"i{number}", at=at, distinct_id=person))
    monkeypatch.setattr(crowds, "MOST_AT_ONCE", 2)
    with store.snapshot() as snapshot:
        [crowd] = snapshot.crowds(Scan(1, (((0, NOW * 2),),)))
    assert (12, {"p0", "p1", "p2", "p3", "p4"}) == (crowd.events, crowd.people)


@pytest.mark.parametrize("most", [1, 3, 100])
def test_pieces_cover_what_has_events(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Together they are the range, as far as its days have events; none overlaps another."""
    monkeypatch.setattr(crowds, "MOST_AT_ONCE", most)
    days = [(0, 2), (DAY, 9), (5 * DAY, 1)]
    found = list(crowds.pieces([(10, 2 * DAY), (3 * DAY, 5 * DAY + 7)], days))
    covered = [moment for low, high in found for moment in (low, high)]
    assert covered == sorted(covered)
    for inside in (10, DAY - 1, DAY, 2 * DAY - 1, 5 * DAY, 5 * DAY + 6):
        assert 1 == sum(low <= inside < high for low, high in found)
    for outside in (9, 2 * DAY, 5 * DAY + 7):
        assert not any(low <= outside < high for low, high in found)
