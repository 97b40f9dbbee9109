"""Development mode: reading without signing in, and the fences that make it safe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from djangalytics_server.http.cors import DEVELOPMENT_ORIGINS
from tests.server.house import House, problem


@pytest.fixture
def dev(build: Callable[..., House]) -> House:
    """A server in development mode."""
    return build(dev=True)


def test_anybody_on_this_machine_reads(dev: House) -> None:
    """No key, no session; a key that is shown is still checked."""
    dev.capture({"event_name": "x"})
    assert 1 == len(dev.client.get("/api/events/").json)
    answer = dev.client.get("/api/session/").json
    assert (False, True, "development") == (
        answer["authenticated"],
        answer["can_read"],
        answer["mode"],
    )
    assert 403 == dev.client.get("/api/events/", headers=dev.write).status_code


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("[::1]", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:8000", False),
        ("evil.example:localhost", False),
        ("localhost:evil.example", False),
        ("[::1].evil.example", False),
        ("192.168.0.1", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_served(dev: House, host: str, served: bool) -> None:
    """A page elsewhere that points its own name here gets a problem document and no data."""
    answer = dev.client.get("/api/stats/", headers={"Host": host})
    if served:
        assert answer.status_code in (200, 400)
    else:
        assert answer.status_code in (400, 403)
        assert problem(answer)["code"] in ("host_not_allowed", "bad_request")


def test_in_production_any_name_is_served(house: House) -> None:
    """There a key or a session guards the data."""
    answer = house.client.get("/api/limits/", headers={"Host": "stats.example.com"})
    assert 200 == answer.status_code


@pytest.mark.parametrize("origin", sorted(DEVELOPMENT_ORIGINS))
def test_pages_of_the_development_server_may_ask(dev: House, origin: str) -> None:
    """CORS: the origin is named, credentials are not allowed, and the headers we use are."""
    answer = dev.client.get("/api/stats/", headers={"Origin": origin})
    assert origin == answer.headers["Access-Control-Allow-Origin"]
    assert "Link" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_a_preflight_is_answered(dev: House) -> None:
    """204 with what may be sent; nothing is stored."""
    answer = dev.client.options(
        "/api/capture_event/",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert 204 == answer.status_code
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    assert 0 == dev.stored()


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:3001", "https://localhost:3000", "null", ""]
)
def test_other_pages_may_not_read(dev: House, origin: str) -> None:
    """No CORS header for anybody else, on an answer or on a preflight."""
    for method in ("GET", "OPTIONS"):
        answer = dev.client.open(
            "/api/stats/",
            method=method,
            headers={"Origin": origin, "Access-Control-Request-Method": "GET"},
        )
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_problem_may_be_read_by_the_development_page_too(dev: House) -> None:
    """An error document bears the same header, or the page could not show it."""
    answer = dev.client.get("/api/stats/?tz=Mars", headers={"Origin": "http://localhost:3000"})
    assert (400, "http://localhost:3000") == (
        answer.status_code,
        answer.headers["Access-Control-Allow-Origin"],
    )


def test_in_production_no_other_page_may_ask(house: House) -> None:
    """No CORS at all."""
    answer = house.client.get("/api/limits/", headers={"Origin": "http://localhost:3000"})
    assert "Access-Control-Allow-Origin" not in answer.headers
