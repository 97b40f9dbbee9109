"""Answers under a tag: whoever has one already is told so, and nothing is looked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from werkzeug.test import TestResponse

from djangalytics_server import app as application
from djangalytics_server.query import explore, run
from tests.server.house import House

PATHS = ("/api/stats/", "/api/events/")


def ask(house: House, path: str, tag: str | None = None) -> TestResponse:
    """With a read key, and perhaps the tag of an answer."""
    known = {} if tag is None else {"If-None-Match": tag}
    return house.client.get(path, headers={**house.read, **known})


@pytest.mark.parametrize("path", PATHS)
def test_what_has_not_changed_is_not_looked_for(house: House, path: str) -> None:
    """304 without a body, under the same tag; an empty server's answers have one too."""
    for _ in range(2):
        first = ask(house, path)
        assert first.headers["ETag"].startswith('W/"')
        with (
            patch.object(run, "stats", side_effect=AssertionError),
            patch.object(explore, "page", side_effect=AssertionError),
        ):
            again = ask(house, path, first.headers["ETag"])
            # Weak tags are compared as such, and several may be sent.
            also = ask(house, path, f'"other", {first.headers["ETag"].removeprefix("W/")}')
        assert (304, b"", first.headers["ETag"]) == (
            again.status_code,
            again.data,
            again.headers["ETag"],
        )
        assert "Content-Type" not in again.headers
        assert "no-store" == again.headers["Cache-Control"]
        assert 304 == also.status_code
        house.capture({"event_name": "signup"})


def _event(house: House) -> None:
    house.capture({"event_name": "signup"})


def _duplicate(house: House) -> None:
    house.capture({"event_name": "signup", "insert_id": "known"})


def _refused(house: House) -> None:
    house.capture({"event_name": ""})


def _erased(house: House) -> None:
    house.app.services.store.erase(1, "ada")


def _quarter(house: House) -> None:
    now = application.now()
    house.set_clock(lambda: now + 900 * 1_000_000)


def _zone(house: House) -> None:
    browser = house.new_session()
    token = browser.get("/api/session/").json["csrf_token"]
    body = {"time_zone": "Asia/Kathmandu"}
    answer = browser.patch("/api/projects/1/", json=body, headers={"X-CSRF-Token": token})
    assert 200 == answer.status_code, answer.text


@pytest.mark.parametrize("change", [_event, _duplicate, _refused, _erased, _quarter, _zone])
@pytest.mark.parametrize("path", PATHS)
def test_whatever_may_change_an_answer_changes_its_tag(
    house: House, path: str, change: Callable[[House], Any]
) -> None:
    """Events that come and go, what became of others, a day that ends, the project's zone."""
    house.capture({"event_name": "signup", "insert_id": "known", "distinct_id": "ada"})
    first = ask(house, path)
    change(house)
    again = ask(house, path, first.headers["ETag"])
    assert 200 == again.status_code
    assert first.headers["ETag"] != again.headers["ETag"]


def test_another_question_has_another_tag(house: House) -> None:
    """Other parameters, or other values of them."""
    asked = [f"{path}{rest}" for path in PATHS for rest in ("", "?tz=UTC", "?tz=Asia/Tokyo")]
    assert len(asked) == len({ask(house, path).headers["ETag"] for path in asked})


@pytest.mark.parametrize("path", PATHS)
def test_a_tag_opens_no_door(house: House, path: str) -> None:
    """Who may not read is told so, and a wrong question is wrong, whatever tag comes with it."""
    tag = ask(house, path).headers["ETag"]
    assert 401 == house.client.get(path, headers={"If-None-Match": tag}).status_code
    assert 400 == ask(house, f"{path}?tz=Nowhere", tag).status_code
