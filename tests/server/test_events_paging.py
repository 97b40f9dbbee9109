"""GET /api/events/: pages that join while events arrive, filters and search over HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.server.house import House, problem

LINK = re.compile(r'^<(/api/events/\?[^>]*)>; rel="next"$')


def follow(house: House, url: str) -> tuple[list[dict[str, Any]], str | None]:
    """One page, and where the next one is."""
    answer = house.client.get(url, headers=house.read)
    assert 200 == answer.status_code, answer.text
    link = answer.headers.get("Link")
    return answer.json, LINK.match(link)[1] if link else None  # type: ignore[index]


def send(house: House, *names: str, **more: Any) -> None:
    assert house.batch(
        *({"event_name": "x", "insert_id": name, **more} for name in names)
    ).status_code in (200, 207)


def test_pages_join_while_events_arrive(house: House) -> None:
    """Following rel="next" shows each event that was there at first once, newest first, whatever
    arrives meanwhile; the filters go along.
    """
    send(house, *(f"old{n}" for n in range(25)), source="a b&c")
    send(house, "other", source="else")
    url: str | None = "/api/events/?limit=10&source=a+b%26c&cursor=1000"
    seen = []
    while url:
        page, url = follow(house, url)
        seen += [event["insert_id"] for event in page]
        send(house, *(f"new{len(seen)}-{n}" for n in range(3)), source="a b&c")
    assert [f"old{n}" for n in reversed(range(25))] == seen


def test_there_are_fifty_by_default(house: House) -> None:
    """And a next page when there are more."""
    send(house, *map(str, range(51)))
    page, url = follow(house, "/api/events/")
    assert 50 == len(page)
    assert url is not None
    rest, end = follow(house, url)
    assert (["0"], None) == ([event["insert_id"] for event in rest], end)


def test_repeated_names_go_along_to_the_next_page(house: House) -> None:
    """A parameter that was given twice is in the link twice."""
    house.batch(*({"event_name": name} for name in "abab"))
    _, url = follow(house, "/api/events?limit=1&event_name=a&event_name=%C3%BC")
    assert url is not None
    assert "event_name=a&event_name=%C3%BC" in url


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"event_name": "signup"}, ["1"]),
        ({"event_name": ["signup", "buy"]}, ["2", "1"]),
        ({"distinct_id": "ada"}, ["2", "1"]),
        ({"session_id": "s2"}, ["2"]),
        ({"source": "web"}, ["1"]),
        ({"search": "PRO"}, ["1"]),
        ({"search": "100%"}, ["2"]),
        ({"search": "ünder_"}, ["3"]),
        ({"from_": "2026-01-02"}, ["3", "2"]),
        ({"to": "2026-01-01"}, ["1"]),
        ({"from_": "2026-01-01", "to": "2026-01-01", "tz": "America/New_York"}, ["2", "1"]),
        ({"limit": 2}, ["3", "2"]),
        ({"cursor": 2}, ["1"]),
        ({"distinct_id": "ada", "source": "ios"}, ["2"]),
        ({"distinct_id": "nobody"}, []),
    ],
)
def test_filters(house: House, query: dict[str, Any], found: list[str]) -> None:
    """Each parameter narrows, all together."""
    house.batch(
        {
            "event_name": "signup",
            "insert_id": "1",
            "distinct_id": "ada",
            "session_id": "s1",
            "source": "web",
            "timestamp": "2026-01-01T12:00:00Z",
            "properties": {"plan": "pro"},
        },
        {
            "event_name": "buy",
            "insert_id": "2",
            "distinct_id": "ada",
            "session_id": "s2",
            "source": "ios",
            "timestamp": "2026-01-02T04:00:00Z",
            "properties": {"off": "100%"},
        },
        {
            "event_name": "x",
            "insert_id": "3",
            "timestamp": "2026-01-03T12:00:00Z",
            "properties": {"k": ["ünder_score"]},
        },
    )
    assert found == [event["insert_id"] for event in house.events(**query)]


def test_every_problem_is_named_at_once(house: House) -> None:
    """A list of entries, one a parameter."""
    answer = house.client.get("/api/events/?limit=0&cursor=x", headers=house.read)
    assert {"limit", "cursor"} == {e["field"] for e in problem(answer)["errors"]}
