"""GET /api/definitions/ over HTTP."""

from __future__ import annotations

from typing import Any

from tests.server.house import House, problem


def definitions(house: House, query: str = "") -> list[dict[str, Any]]:
    """The answer, which must be 200."""
    answer = house.client.get(f"/api/definitions/{query}", headers=house.read)
    assert 200 == answer.status_code, answer.text
    return list(answer.json)


def test_events_and_their_properties_are_listed(house: House) -> None:
    """Most frequent first, with times as the events have them."""
    house.batch(
        {"event_name": "buy", "timestamp": "2026-01-02T00:00:00Z", "properties": {"price": 2.5}},
        {"event_name": "signup", "timestamp": "2026-01-01T00:00:00Z", "properties": {"a": []}},
        {"event_name": "buy", "timestamp": "2026-01-01T00:00:00Z", "properties": {"price": 1}},
    )
    first, last = "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"
    price = {"name": "price", "type": "number", "count": 2, "first_seen": first, "last_seen": last}
    a = {"name": "a", "type": "list", "count": 1, "first_seen": first, "last_seen": first}
    buy = {"event_name": "buy", "count": 2, "first_seen": first, "last_seen": last}
    signup = {"event_name": "signup", "count": 1, "first_seen": first, "last_seen": first}
    expected = [{**buy, "properties": [price]}, {**signup, "properties": [a]}]
    assert expected == definitions(house)
    assert expected[1:] == definitions(house, "?event_name=signup&event_name=nobody")


def test_a_new_project_has_none(house: House) -> None:
    """An empty list, not an error."""
    assert [] == definitions(house)


def test_an_unknown_parameter_is_refused(house: House) -> None:
    """As everywhere."""
    answer = house.client.get("/api/definitions/?limit=3", headers=house.read)
    assert "unknown_parameter" == problem(answer)["errors"][0]["code"]
