"""GET /api/delivery/ over HTTP: which of the numbered events came in, and which did not."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.server.house import House, problem

_names = itertools.count(1)


def numbered(*sequences: list[int], **more: Any) -> dict[str, Any]:
    """What a producer says beside its events."""
    return {
        "id": "0a" * 16,
        "host": "web-1",
        "process": "gunicorn[812]",
        "started_at": "2026-11-27T04:00:00Z",
        "tracked": 0,
        "sequences": list(sequences),
        **more,
    }


def send(house: House, producer: Any, events: int | None = None) -> dict[str, Any]:
    """A batch of good events, as many as the numbers say; the answer, which must be 200."""
    count = sum(n for _, n in producer["sequences"]) if events is None else events
    sent = [{"event_name": "x", "insert_id": str(next(_names))} for _ in range(count)]
    answer = house.batch(*sent, producer=producer)
    assert 200 == answer.status_code, answer.text
    assert count == answer.json["accepted"]
    return dict(answer.json)


def ledger(house: House, query: str = "") -> dict[str, Any]:
    """The answer, which must be 200."""
    answer = house.client.get(f"/api/delivery/{query}", headers=house.read)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json)


@pytest.fixture
def later(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A server that waits for no number: what is not in is missing at once."""
    monkeypatch.setattr("djangalytics_server.store.delivery.PATIENCE", -1_000_000)
    return house


def test_nothing_is_missing(house: House) -> None:
    """The whole answer of a producer whose numbers are all in."""
    send(house, numbered([1, 3], tracked=5))
    send(house, numbered([4, 2], tracked=5, lost={"queue_full": 0}))
    found = ledger(house)
    (producer,) = found["producers"]
    times = {producer.pop("first_seen"), producer.pop("last_seen")}
    assert all(time.endswith("Z") for time in times)
    counts = {
        "tracked": 5,
        "received": 5,
        "missing": 0,
        "on_the_way": 0,
        "dropped": 0,
        "repeated": 0,
        "late": 0,
        "unplaced": 0,
    }
    assert producer == {
        "id": "0a" * 16,
        "host": "web-1",
        "process": "gunicorn[812]",
        "started_at": "2026-11-27T04:00:00.000000Z",
        "state": "complete",
        **counts,
        "lost": [{"code": "queue_full", "count": 0}],
        "missing_ranges": [],
        "missing_truncated": False,
    }
    lost = producer["lost"]
    totals = {**counts, "lost": lost, "producers": 1, "merged": 0, "unreadable": []}
    assert totals == found["totals"]
    assert found["producers_truncated"] is False


def test_gaps_repeats_and_late_arrivals_are_shown(later: House) -> None:
    """Which numbers are missing, as [first, count], and how many came again or late."""
    send(later, numbered([1, 2], [5, 4], tracked=12))
    send(later, numbered([6, 2], [3, 1], tracked=12, dropped=[[11, 1]], lost={"shutdown": 1}))
    (producer,) = ledger(later)["producers"]
    assert [[4, 1], [9, 2], [12, 1]] == producer["missing_ranges"]
    assert ("missing", 4, 1, 2, 1) == tuple(
        producer[name] for name in ("state", "missing", "dropped", "repeated", "late")
    )
    assert [{"code": "shutdown", "count": 1}] == producer["lost"]


def test_what_was_heard_of_lately_is_on_its_way(house: House) -> None:
    """Numbers that were given a moment ago are no reason for alarm."""
    send(house, numbered([1, 1], tracked=3))
    found = ledger(house)
    assert (0, 2) == (found["totals"]["missing"], found["totals"]["on_the_way"])
    assert ["on_the_way"] == [producer["state"] for producer in found["producers"]]


def test_long_lists_are_cut(later: House) -> None:
    """Twenty ranges are listed of one producer, and as many producers as asked for."""
    send(later, numbered(*([2 * n, 1] for n in range(1, 26)), tracked=50))
    send(later, numbered([1, 1], id="b"))
    found = ledger(later, "?limit=1")
    assert (["b"], True) == ([p["id"] for p in found["producers"]], found["producers_truncated"])
    (missing,) = ledger(later, "?state=missing")["producers"]
    assert (20, 25, True) == (
        len(missing["missing_ranges"]),
        missing["missing"],
        missing["missing_truncated"],
    )
    assert [] == ledger(later, "?state=on_the_way")["producers"]


def test_a_bad_producer_costs_its_events_nothing(house: House) -> None:
    """They are stored, the answer says what is wrong, and the ledger counts them."""
    wrong = {**numbered([1, 2]), "host": None}
    assert send(house, wrong)["producer_error"] == {
        "code": "producer_invalid",
        "message": "host is text of 1 to 200 characters, the machine.",
        "field": "producer.host",
    }
    mismatched = send(house, numbered([1, 2]), events=3)
    assert "sequences_mismatch" == mismatched["producer_error"]["code"]
    found = ledger(house)
    assert ([], 0) == (found["producers"], found["totals"]["tracked"])
    assert [
        {"code": "producer_invalid", "count": 2},
        {"code": "sequences_mismatch", "count": 3},
    ] == found["totals"]["unreadable"]


def test_a_refused_event_has_come(house: House) -> None:
    """Its number is in, though the event is not."""
    answer = house.batch({"event_name": ""}, producer=numbered([1, 1], tracked=1))
    assert 207 == answer.status_code
    assert 1 == ledger(house)["totals"]["received"]


@pytest.mark.parametrize(
    ("query", "code"), [("?state=lost", "invalid_state"), ("?limit=0", "invalid_limit")]
)
def test_wrong_parameters_are_refused(house: House, query: str, code: str) -> None:
    """As everywhere, with a code."""
    answer = house.client.get(f"/api/delivery/{query}", headers=house.read)
    assert code == problem(answer)["errors"][0]["code"]


def test_the_columns_of_a_producer_are_those_of_its_table() -> None:
    """They are written down apart, so that an append needs no tables of SQLAlchemy's."""
    from djangalytics_server.store import producers, tables

    assert tuple(tables.Producer.__table__.columns.keys()) == producers.COLUMNS
