"""POST /api/capture_event/ and /api/capture_batch/: what is taken, and what is answered."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from djangalytics_server.model.limits import LIMITS
from tests import strategies
from tests.server.house import House, problem

BOTH = pytest.mark.parametrize("slash", ["/", ""], ids=["slash", "no slash"])


@BOTH
def test_a_new_event_is_created(house: House, slash: str) -> None:
    """201 with its id, name, time in UTC to the microsecond, insert id and status."""
    answer = house.client.post(
        f"/api/capture_event{slash}",
        json={
            "event_name": " signup ",
            "timestamp": "2026-01-02T03:04:05.678+01:00",
            "properties": {"plan": "pro", "n": 1.5, "deep": [{"x": None}]},
            "insert_id": "one",
            "user_id": "ada",
            "session_id": "s",
            "source": "web",
        },
    )
    assert 201 == answer.status_code
    expected = {
        "id": 1,
        "event_name": "signup",
        "timestamp": "2026-01-02T02:04:05.678000Z",
        "insert_id": "one",
        "status": "accepted",
    }
    assert expected == answer.json
    [stored] = house.events()
    received = stored.pop("received_at")
    assert received > "2026"
    del expected["status"]
    assert stored == {
        **expected,
        "properties": {"plan": "pro", "n": 1.5, "deep": [{"x": None}]},
        "distinct_id": "ada",
        "session_id": "s",
        "source": "web",
    }


def test_a_known_event_is_answered_with_the_first_one(house: House) -> None:
    """200, status duplicate, and the id, name and time that are stored."""
    first = house.capture({"event_name": "a", "insert_id": "i"}).json
    again = house.capture(
        {"event_name": "b", "insert_id": "i", "timestamp": "2020-01-01T00:00:00Z"}
    )
    assert 200 == again.status_code
    assert {**first, "status": "duplicate"} == again.json
    assert 1 == house.stored()


@BOTH
def test_a_batch_is_counted(house: House, slash: str) -> None:
    """accepted, duplicates and rejected add up to what was sent."""
    url = f"/api/capture_batch{slash}"
    events = [{"event_name": "x", "insert_id": i} for i in ("a", "b", "a")]
    answer = house.client.post(url, json={"events": events})
    assert 200 == answer.status_code
    expected = {
        "accepted": 2,
        "duplicates": 1,
        "rejected": 0,
        "request_id": answer.headers["X-Request-Id"],
    }
    assert expected == answer.json
    again = house.client.post(url, json={"events": events}).json
    assert (0, 3) == (again["accepted"], again["duplicates"])


def test_a_thousand_events_are_a_batch(house: House) -> None:
    """The limit itself is taken, and every event reads back."""
    events = [{"event_name": "x", "insert_id": str(n)} for n in range(LIMITS.batch_events)]
    assert 1_000 == house.batch(*events).json["accepted"]
    assert [str(n) for n in reversed(range(1_000))] == [
        e["insert_id"] for e in house.events(limit=1_000)
    ]


def test_a_batch_of_bad_events_stores_none_and_names_a_hundred(house: House) -> None:
    """207: of more than 100 refused events the first 100 are named, all are counted and kept."""
    answer = house.batch(*({"insert_id": f"i{n}"} for n in range(101)))
    body = answer.json
    assert (207, 0, 101) == (answer.status_code, body["accepted"], body["rejected"])
    assert body["errors_truncated"] is True
    assert [(n, f"i{n}") for n in range(100)] == [
        (e["index"], e["insert_id"]) for e in body["errors"]
    ]
    assert (0, 101) == (house.stored(), house.stats()["verdicts"]["rejected"])


def test_an_insert_id_that_cannot_be_written_is_still_named(house: House) -> None:
    """The answer shows as much of a refused insert id as JSON can bear."""
    [entry] = house.batch({"event_name": "x", "insert_id": "\ud800" + "y" * 200}).json["errors"]
    assert "?" + "y" * 99 == entry["insert_id"]


def test_gzip_is_read(house: House) -> None:
    """A compressed body is the same as a plain one, in either letter case."""
    body = gzip.compress(json.dumps({"event_name": "x"}).encode())
    for name in ("gzip", " GZIP "):
        answer = house.client.post(
            "/api/capture_event/", data=body, headers={"Content-Encoding": name}
        )
        assert 201 == answer.status_code


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain;charset=UTF-8",
        "application/cloudevents+json",
        None,
    ],
)
def test_these_content_types_are_json(house: House, kind: str | None) -> None:
    """JSON by any name, the text/plain of a beacon, and none at all."""
    answer = house.client.post("/api/capture_event/", data=b'{"event_name":"x"}', content_type=kind)
    assert 201 == answer.status_code


def test_the_largest_body_is_taken(house: House) -> None:
    """1 MiB on the wire is not too much."""
    body = b'{"event_name":"x"}'
    body += b" " * (LIMITS.body_bytes - len(body))
    assert 201 == house.client.post("/api/capture_event/", data=body).status_code


def test_the_largest_inflated_body_is_taken(house: House) -> None:
    """5 MiB after inflating is not too much."""
    body = b'{"event_name":"x"}'
    body += b" " * (LIMITS.inflated_bytes - len(body))
    answer = house.client.post(
        "/api/capture_event/", data=gzip.compress(body), headers={"Content-Encoding": "gzip"}
    )
    assert 201 == answer.status_code


def test_the_largest_event_is_taken(house: House) -> None:
    """32 KiB of properties less the name fit; the quotes and braces count."""
    room = LIMITS.event_bytes - len('x{"t":""}')
    assert 201 == house.capture({"event_name": "x", "properties": {"t": "y" * room}}).status_code
    more = {"event_name": "x", "properties": {"t": "y" * (room + 1)}}
    assert "event_too_large" == problem(house.capture(more))["code"]


class TestKeys:
    """A write key, in the header or in the body."""

    def test_in_the_header(self, house: House) -> None:
        """Authorization: Bearer, in any letter case."""
        for name in ("Bearer", "bearer"):
            key = {"Authorization": f"{name} {house.secrets.write_key}"}
            assert 201 == house.capture({"event_name": "x"}, headers=key).status_code

    def test_in_the_body(self, house: House) -> None:
        """A page that cannot set headers puts it beside the event, or beside the events."""
        key = house.secrets.write_key
        assert 201 == house.capture({"event_name": "x", "api_key": key}).status_code
        assert 1 == house.batch({"event_name": "x"}, api_key=key).json["accepted"]
        assert key not in json.dumps(house.events())

    def test_it_says_which_project(self, house: House) -> None:
        """Events go to the key's project and are read with that project's key only."""
        assert (2, 2) == house.new_organisation()
        house.sql("UPDATE api_keys SET project_id = 2 WHERE kind = 'write'")
        house.capture({"event_name": "theirs"}, headers=house.write)
        house.capture({"event_name": "ours"})
        assert ["ours"] == [e["event_name"] for e in house.events()]
        assert [(1, "ours"), (2, "theirs")] == house.sql(
            "SELECT project_id, event_name FROM events ORDER BY project_id"
        )

    def test_its_beginning_is_kept_with_what_was_refused(self, house: House) -> None:
        """So that the owner finds out which program sends nonsense; never the whole key."""
        house.capture({}, headers=house.write)
        house.capture({})
        kept = house.sql("SELECT key_prefix FROM rejected_events ORDER BY id")
        assert [(house.secrets.write_key[:8],), (None,)] == kept


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    event=st.fixed_dictionaries(
        {"event_name": strategies.names.drawn(64)},
        optional={
            "properties": strategies.properties.drawn(256),
            "distinct_id": strategies.people.drawn(64),
            "timestamp": strategies.times.drawn(24),
        },
    )
)
def test_what_goes_in_comes_out(house: House, event: dict[str, Any]) -> None:
    """Any good event is stored and read back value for value."""
    answer = house.capture(event)
    assert 201 == answer.status_code, answer.text
    [stored] = house.events(limit=1)
    assert event["event_name"].strip() == stored["event_name"]
    assert event.get("properties", {}) == stored["properties"]
    assert event.get("distinct_id") == stored["distinct_id"]
    if "timestamp" in event:
        assert event["timestamp"] == stored["timestamp"]


def test_a_project_may_want_a_key(build: Callable[..., House]) -> None:
    """Where capture is closed an event without a key is refused, one with it is taken."""
    house = build()
    house.sql("UPDATE projects SET open_capture = 0")
    assert "key_required" == problem(house.capture({"event_name": "x"}))["code"]
    assert 201 == house.capture({"event_name": "x"}, headers=house.write).status_code
    assert 1 == house.stored()
