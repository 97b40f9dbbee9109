"""GET /api/suggestions/ over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.house import House, problem


def suggestions(house: House, query: str) -> dict[str, Any]:
    """The answer, which must be 200."""
    answer = house.client.get(f"/api/suggestions/?{query}", headers=house.read)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json)


def sold(house: House) -> None:
    """A few events."""
    house.batch(
        {"event_name": "signup", "properties": {"plan": "pro"}, "source": "web"},
        {"event_name": "sign out", "properties": {"plan": 1, "price": 2.5}, "source": "ios"},
        {
            "event_name": "resign",
            "timestamp": "2026-01-01T00:00:00Z",
            "properties": {"plan": "Probe", "flag": True},
            "source": "web",
        },
        {"event_name": "signup", "properties": {"plan": "pro"}},
    )


def test_names_of_events_are_offered(house: House) -> None:
    """What begins with it comes first, then what is frequent."""
    sold(house)
    expected = {
        "of": "event_names",
        "suggestions": [
            {"value": "signup", "count": 2, "types": ["text"]},
            {"value": "sign out", "count": 1, "types": ["text"]},
            {"value": "resign", "count": 1, "types": ["text"]},
        ],
        "source": "definitions",
        "events": None,
        "since": None,
        "complete": True,
    }
    assert expected == suggestions(house, "of=event_names&typed=SIGN")
    one = suggestions(house, "of=event_names&typed=sign&limit=1")["suggestions"]
    assert expected["suggestions"][:1] == one


def test_properties_are_offered_with_their_types(house: House) -> None:
    """Of every event, or of one."""
    sold(house)
    plan = {"value": "plan", "count": 4, "types": ["text", "number"]}
    price = {"value": "price", "count": 1, "types": ["number"]}
    assert [plan, price] == suggestions(house, "of=properties&typed=p")["suggestions"]
    of_one = suggestions(house, "of=properties&event_name=sign+out")["suggestions"]
    assert [{"value": "plan", "count": 1, "types": ["number"]}, price] == of_one


def test_values_are_offered_with_how_far_back_they_were_looked_for(house: House) -> None:
    """They are taken from the newest events; all of them here."""
    sold(house)
    answer = suggestions(house, "of=values&property=plan&typed=pro")
    assert [
        {"value": "pro", "count": 2, "types": ["text"]},
        {"value": "Probe", "count": 1, "types": ["text"]},
    ] == answer["suggestions"]
    told = answer["source"], answer["events"], answer["since"], answer["complete"]
    assert ("newest_events", 4, "2026-01-01T00:00:00.000000Z", True) == told
    truth = suggestions(house, "of=values&property=flag&typed=t")["suggestions"]
    assert [{"value": True, "count": 1, "types": ["boolean"]}] == truth
    sources = suggestions(house, "of=values&field=source")["suggestions"]
    assert ["web", "ios"] == [one["value"] for one in sources]


def test_a_project_without_events_has_nothing_to_offer(house: House) -> None:
    """No error, and nothing was left out."""
    answer = suggestions(house, "of=values&property=plan")
    assert ([], 0, None, True) == tuple(
        answer[name] for name in ("suggestions", "events", "since", "complete")
    )


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("", "parameter_missing", "of"),
        ("of=tables", "invalid_of", "of"),
        ("of=values", "parameter_missing", "property"),
        ("of=values&field=timestamp", "invalid_field", "field"),
        ("of=values&field=source&property=plan", "not_together", "property"),
        ("of=properties&field=source", "not_together", "field"),
        ("of=event_names&event_name=signup", "not_together", "event_name"),
        ("of=values&property=a%00b", "property_unaskable", "property"),
        ("of=event_names&typed=", "invalid_text", "typed"),
        ("of=event_names&limit=0", "invalid_limit", "limit"),
        ("of=event_names&project_id=2", "unknown_parameter", "project_id"),
    ],
)
def test_what_is_wrong_is_named(house: House, query: str, code: str, field: str) -> None:
    """As everywhere."""
    answer = house.client.get(f"/api/suggestions/?{query}", headers=house.read)
    (error,) = problem(answer)["errors"]
    assert (400, code, field) == (answer.status_code, error["code"], error["field"])
