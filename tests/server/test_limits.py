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
    refused = {"refused_key": 1, "refused_address": 0, "refused_project": 0}
    counts = {"requests": 2, "events": 250, **refused}
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


SLOW = {"rate": 2, "at_once": 30}


def test_a_project_has_a_limit_of_its_own(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds for all that is sent to the project, on both ways in, from the moment it is set: at
    once in the process that heard it, within a second in every other. Refusals are counted, and
    other projects go on.
    """
    monkeypatch.setattr(figures, "EVERY_SECONDS", 0.02)
    house = build()
    admin = house.make_key("admin")
    assert 201 == house.capture(ONE, headers=house.write).status_code
    changed = house.client.patch("/api/projects/1/", json={"limit": SLOW}, headers=admin)
    assert (200, SLOW) == (changed.status_code, changed.json["limit"])
    assert 200 == batch(house, 20, house.write).status_code
    status, lines = quick(house, "/api/capture_batch/", {"events": [ONE] * 20}, "127.0.0.1")
    assert 200 == status
    assert '"project";q=30;w=15\r\n' in lines
    assert re.search(r'"project";r=0;t=2\d\r\n', lines), lines
    for refused in (house.capture(ONE), house.capture(ONE, headers=house.make_key("write"))):
        assert (429, "rate_limited") == (refused.status_code, problem(refused)["code"])
        assert "This project takes 2 events a second" in problem(refused)["detail"]
        assert 1 <= int(refused.headers["Retry-After"]) <= 6
    status, lines = quick(house, "/api/capture_event/", ONE, "127.0.0.1")
    assert 429 == status
    assert 2 == house.new_project()
    other = house.make_key("write", project_id=2)
    assert 201 == house.capture(ONE, headers=other).status_code
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        shown = house.client.get("/api/sending/", headers=admin).json
        if 3 == sum(one["day"]["refused_project"] for one in shown["senders"]):
            break
        time.sleep(0.02)
    assert 3 == sum(one["hour"]["refused_project"] for one in shown["senders"])
    assert SLOW == shown["limits"]["project"]
    assert -11 <= shown["left"] <= 0
    limited = house.client.get("/api/limited/", headers=house.read).json
    assert [("project", 3)] == [(entry["by"], entry["requests"]) for entry in limited]
    gone = house.client.patch("/api/projects/1/", json={"limit": None}, headers=admin)
    assert gone.json["limit"] is None
    assert 201 == house.capture(ONE, headers=house.write).status_code
    shown = house.client.get("/api/sending/", headers=admin).json
    assert (None, None) == (shown["limits"]["project"], shown["left"])


def test_another_process_goes_by_a_project_s_new_limit_within_a_second(
    build: Callable[..., House],
) -> None:
    """It looks again after that time, and no sooner."""
    house = build()
    assert 201 == house.capture(ONE, headers=house.write).status_code
    house.sql("UPDATE projects SET limit_rate = 1, limit_at_once = 1")
    deadline = time.monotonic() + 20
    began = time.monotonic()
    answered = [house.capture(ONE, headers=house.write).status_code]
    while answered[-1] == 201 and time.monotonic() < deadline:
        time.sleep(0.05)
        answered.append(house.capture(ONE, headers=house.write).status_code)
    assert 429 == answered[-1]
    assert time.monotonic() - began < 10  # a second, on a machine that has much else to do


@pytest.mark.parametrize(
    "limit",
    [
        5,
        [],
        {},
        {"at_once": 5},
        {"rate": 0},
        {"rate": 1.0},
        {"rate": True},
        {"rate": 1_000_001},
        {"rate": 1, "at_once": 0},
        {"rate": 1, "at_once": None},
        {"rate": 1, "at_once": 60_000_001},
        {"rate": 1, "more": 1},
    ],
)
def test_a_limit_that_cannot_be_is_refused(house: House, limit: object) -> None:
    """With the field and what it takes; the project stays as it was."""
    admin = house.make_key("admin")
    answer = house.client.patch("/api/projects/1/", json={"limit": limit}, headers=admin)
    assert 400 == answer.status_code
    assert [("limit", "limit_invalid")] == [
        (error["field"], error["code"]) for error in problem(answer)["errors"]
    ]
    assert [(None, None)] == house.sql("SELECT limit_rate, limit_at_once FROM projects")


def test_a_limit_has_a_minute_s_events_at_once_if_nothing_else_is_said(house: House) -> None:
    """And the trail says who set it, and took it off again."""
    admin = house.make_key("admin")
    for wish in ({"rate": 7}, None):
        house.client.patch("/api/projects/1/", json={"limit": wish}, headers=admin)
    assert [(None, None)] == house.sql("SELECT limit_rate, limit_at_once FROM projects")
    details = [
        json.loads(text)
        for (text,) in house.sql("SELECT details FROM audit_log WHERE action = 'project.change'")
    ]
    assert [{"limit": "7 events a second, 420 at once"}, {"limit": "none"}] == details


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
