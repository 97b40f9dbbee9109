"""Too fast is answered 429, on both ways in, before anything of the request is stored."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from djangalytics_server.config import Settings, resolve
from djangalytics_server.errors import StartError
from djangalytics_server.limits import figures
from tests.server.house import House, problem

ONE = {"event_name": "x"}


def batch(house: House, count: int, headers: dict[str, str]) -> TestResponse:
    """Send so many events in one request."""
    body = {"events": [ONE] * count}
    return house.client.post("/api/capture_batch/", json=body, headers=headers)


def test_a_key_that_sends_too_fast_is_told_to_wait(build: Callable[..., House]) -> None:
    """Its bucket is emptied by a batch; the next request waits as long as Retry-After says."""
    house = build(limit_key=5)
    first = batch(house, 1_000, house.write)
    assert (200, 1_000) == (first.status_code, first.json["accepted"])
    assert '"key";r=0;' in first.headers["RateLimit"]
    assert first.headers["RateLimit-Policy"].startswith('"key";q=300;w=60')
    for refused in (house.capture(ONE, headers=house.write), batch(house, 1, house.write)):
        assert (429, "rate_limited") == (refused.status_code, problem(refused)["code"])
        assert 60 <= int(refused.headers["Retry-After"]) <= 140
        assert '"key";r=0;' in refused.headers["RateLimit"]
    assert 1_000 == house.stored()
    other = house.make_key("write")
    assert 201 == house.capture(ONE, headers=other).status_code


def test_a_key_in_the_body_is_limited_alike(build: Callable[..., House]) -> None:
    """Where the key is written makes no difference."""
    house = build(limit_key=1)
    body = {"events": [ONE] * 200, "api_key": house.secrets.write_key}
    assert 200 == house.client.post("/api/capture_batch/", json=body).status_code
    assert 429 == house.client.post("/api/capture_batch/", json=body).status_code
    assert 429 == house.capture(ONE, headers=house.write).status_code
    assert 200 == house.stored()


def test_an_address_is_limited_with_and_without_a_key(build: Callable[..., House]) -> None:
    """Whoever changes keys stays where they are; from elsewhere others go on."""
    house = build(limit_key=0, limit_address=1)
    assert 200 == batch(house, 200, {}).status_code
    assert 429 == house.capture(ONE, headers=house.write).status_code
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert 201 == house.capture(ONE, environ_base=elsewhere).status_code


def test_a_claim_does_not_change_the_address(build: Callable[..., House]) -> None:
    """X-Forwarded-For counts only from a proxy that the settings name."""
    for proxies, status in (("", 429), ("127.0.0.1", 201)):
        house = build(limit_address=1, trusted_proxies=proxies)
        batch(house, 200, {"X-Forwarded-For": "203.0.113.1"})
        again = house.capture(ONE, headers={"X-Forwarded-For": "203.0.113.2"})
        assert status == again.status_code, proxies


def quick(house: House, path: str, body: object, address: str) -> tuple[int, str]:
    """A capture by the quick way: status and header lines."""
    came, heard = threading.Event(), []

    def reply(status: str, lines: bytes, _body: bytes) -> None:
        heard.append((int(status[:3]), lines.decode()))
        came.set()

    headers = {name.upper(): value for name, value in house.write.items()}
    assert house.app.quick.take(path, headers, json.dumps(body).encode(), reply, address)
    assert came.wait(30)
    return heard[0]


def test_the_quick_way_has_the_same_limits(build: Callable[..., House]) -> None:
    """Both ways take from one bucket, and say the same of it."""
    house = build(limit_key=1, limit_address=2)
    house.capture(ONE, headers=house.write)
    status, lines = quick(house, "/api/capture_batch/", {"events": [ONE] * 130}, "127.0.0.1")
    assert 200 == status
    assert re.search(r'\r\nRateLimit: "key";r=0;t=1[23]\d, "address";r=0;t=6\d\r\n', lines), lines
    status, lines = quick(house, "/api/capture_event/", ONE, "192.0.2.1")
    assert 429 == status
    assert re.search(r"\r\nRetry-After: [67]\d\r\n", lines), lines
    assert 429 == house.capture(ONE, headers=house.write).status_code
    assert 131 == house.stored()


def test_what_was_refused_is_counted(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By project, day and limit, where the project's readers see it."""
    monkeypatch.setattr(figures, "EVERY_SECONDS", 0.02)
    house = build(limit_key=1)
    batch(house, 200, house.write)
    for _ in range(3):
        assert 429 == house.capture(ONE, headers=house.write).status_code
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = house.client.get("/api/limited/", headers=house.read).json
        if found and found[0]["requests"] == 3:
            break
        time.sleep(0.02)
    assert [("key", 3)] == [(entry["by"], entry["requests"]) for entry in found]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found[0]["day"])
    assert 200 == house.stats()["verdicts"]["accepted"]
    assert [] == [table for table in house.app.store.recount() if table.wrong]


def test_managers_see_what_was_sent_and_what_is_left(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By key, of the last hour and day: let through, refused, and what the key may send now. What
    is another project's is not in it, and what is older is forgotten.
    """
    monkeypatch.setattr(figures, "EVERY_SECONDS", 0.02)
    house = build(limit_key=2, limit_address=3)
    admin = house.make_key("admin")
    batch(house, 100, house.write)
    batch(house, 150, house.write)
    assert 429 == house.capture(ONE, headers=house.write).status_code
    assert 429 == house.capture(ONE).status_code  # the address has sent 250 of 180
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        shown = house.client.get("/api/sending/", headers=admin).json
        if sum(one["hour"]["refused_address"] for one in shown["senders"]):
            break
        time.sleep(0.02)
    assert {"rate": 2, "at_once": 120} == shown["limits"]["key"]
    assert {"rate": 3, "at_once": 180} == shown["limits"]["address"]
    assert shown["redis"] is None
    keyless, keyed = shown["senders"]
    counts = {"requests": 2, "events": 250, "refused_key": 1, "refused_address": 0}
    assert (counts, counts) == (keyed["hour"], keyed["day"])
    assert house.secrets.write_key.startswith(keyed["key"])
    assert "first write key" == keyed["name"]
    assert -131 <= keyed["left"] <= -80
    assert (None, None, 1) == (keyless["key"], keyless["name"], keyless["day"]["refused_address"])
    assert house.new_project() == 2
    other = house.make_key("admin", project_id=2)
    assert [] == house.client.get("/api/sending/", headers=other).json["senders"]
    house.sql("UPDATE sending_counts SET bucket = bucket - 7200")
    later = house.client.get("/api/sending/", headers=admin).json["senders"]
    assert [(0, 0), (0, 250)] == [(s["hour"]["events"], s["day"]["events"]) for s in later]
    house.app.store.note_sending(2**40, {}, {})
    assert [] == house.sql("SELECT * FROM sending_counts")


@pytest.mark.parametrize(
    "wrong",
    [
        {"trusted_proxies": "10.0.0.0/33"},
        {"trusted_proxies": "proxy.example.com"},
        {"redis_url": "http://127.0.0.1"},
        {"limit_key": -1},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    """With a sentence that names the setting."""
    with pytest.raises(StartError, match=next(iter(wrong))):
        resolve(wrong, {})


def test_an_honest_sender_never_meets_the_limits() -> None:
    """By default a key may send more than this server has ever been measured to take."""
    assert Settings().limit_key == Settings().limit_address == 20_000
