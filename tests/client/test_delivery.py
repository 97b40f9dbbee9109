"""From the queue to an answer: batches, retries, halving, holding. No thread and no real time."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import responses

from djangalytics_client.client import Client
from djangalytics_client.errors import TransportError
from djangalytics_client.retry import Reply
from djangalytics_client.settings import Settings
from djangalytics_client.transport import PATH

from .doubles import Clock, answer, planned

URL = "http://analytics.example:8000"
CAUGHT = TransportError("connection refused")


def sizes(memory: Any) -> list[int]:
    return [len(request["events"]) for request in memory.requests]


def names(memory: Any) -> list[str]:
    return [event["event_name"] for event in memory.events]


def exchange(rows: list[Any], events: int = 4) -> tuple[Client, Clock, list[Any]]:
    """Track some events against recorded HTTP answers; flush; client, clock, requests made."""
    clock = Clock()
    with responses.RequestsMock() as recorded:
        for row in rows:
            if isinstance(row, Exception):
                recorded.post(URL + PATH, body=row)
            else:
                status, headers, body = row
                recorded.post(URL + PATH, status=status, headers=headers, json=body)
        client = Client(URL, world=clock.world, settings=Settings(gzip=False))
        for number in range(events):
            client.track("e", {"n": number})
        client.flush(1000)
        client.shutdown(0)
        sent = [json.loads(call.request.body)["events"] for call in recorded.calls]
    return client, clock, sent


def accepted(events: int) -> Any:
    return (200, {}, {"accepted": events, "duplicates": 0, "rejected": 0, "request_id": "r"})


@pytest.mark.parametrize(
    "failure",
    [ConnectionError("refused"), *[(s, {}, {"code": "x"}) for s in (408, 425, 500, 502, 503, 504)]],
)
def test_recorded_passing_trouble(failure: Any) -> None:
    """No answer, 408, 425 and 5xx: the same events with the same ids, after growing delays."""
    client, clock, sent = exchange([failure, failure, accepted(4)])
    assert sent[0] == sent[1] == sent[2]
    assert [0.5, 1.0] == clock.slept
    assert (4, {}) == (client.stats().sent, client.stats().lost)


def test_recorded_503_with_retry_after() -> None:
    """Retry-After is waited for."""
    _, clock, sent = exchange([(503, {"Retry-After": "17"}, {}), accepted(4)])
    assert (2, [17.0]) == (len(sent), clock.slept)


@pytest.mark.parametrize(("headers", "wait"), [({"Retry-After": "2"}, 2.0), ({}, 60.0)])
def test_recorded_429(headers: dict[str, str], wait: float) -> None:
    """429: one request into it, then Retry-After or 60 s."""
    client, clock, sent = exchange([(429, headers, {"code": "rate_limited"}), accepted(4)])
    assert (2, [wait], 4) == (len(sent), clock.slept, client.stats().sent)


@pytest.mark.parametrize("status", [400, 413])
def test_recorded_refusal_of_a_batch(status: int) -> None:
    """400 and 413: halved until the culprit is alone, which is dropped and counted."""
    refusal = (status, {}, {"code": "invalid_thing"})
    client, clock, sent = exchange(
        [refusal, refusal, refusal, accepted(1), accepted(2)],
    )
    assert [4, 2, 1, 1, 2] == [len(events) for events in sent]
    assert sent[0] == sent[2] + sent[3] + sent[4]
    assert ([], 3) == (clock.slept, client.stats().sent)
    assert {"refused:invalid_thing": 1} == client.stats().lost


def test_recorded_415_of_a_compressed_batch() -> None:
    """415: once more without compression, and never compressed again."""
    clock = Clock()
    with responses.RequestsMock() as recorded:
        recorded.post(URL + PATH, status=415, json={"code": "unsupported_encoding"})
        recorded.post(URL + PATH, json=accepted(1)[2])
        recorded.post(URL + PATH, json=accepted(1)[2])
        client = Client(URL, world=clock.world)
        for _ in range(2):
            client.track("long", {"text": "x" * 1000})
            client.flush()
        client.shutdown()
        codings = [call.request.headers.get("Content-Encoding") for call in recorded.calls]
    assert ["gzip", None, None] == codings
    assert 2 == client.stats().sent


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_recorded_wrong_key_or_address(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """401, 403, 404 (and redirects): said once, kept, tried every 60 s, and delivered later."""
    headers = {"Location": "http://elsewhere.example/"}
    row = (status, headers, {"code": "invalid_key"})
    client, clock, sent = exchange([row, row, row, accepted(4)])
    assert (4, [60.0, 60.0, 60.0], 4) == (len(sent), clock.slept, client.stats().sent)
    assert 1 == len([record for record in caplog.records if "invalid_key" in record.message])


def test_recorded_207() -> None:
    """207: each verdict is counted, nothing is sent again, each code is said once."""
    body = {
        "accepted": 1,
        "duplicates": 1,
        "rejected": 2,
        "errors": [{"index": 2, "code": "too_deep"}, {"index": 3, "code": "too_deep"}],
    }
    client, _, sent = exchange([(207, {}, body)])
    stats = client.stats()
    assert 1 == len(sent)
    assert (1, 1, {"too_deep": 2}, {}) == (
        stats.sent,
        stats.duplicates,
        stats.rejected,
        stats.lost,
    )


def test_batches_are_cut_by_count() -> None:
    """No request has more than batch_events, and the order is kept."""
    client, memory, _ = planned(batch_events=10)
    for number in range(25):
        client.track(f"e{number}")
    assert 0 == client.flush()
    assert [10, 10, 5] == sizes(memory)
    assert [f"e{number}" for number in range(25)] == names(memory)


def test_batches_are_cut_by_bytes() -> None:
    """A request stays near batch_bytes; a single larger event still goes, alone."""
    client, memory, _ = planned(batch_bytes=3000)
    for text in ("a" * 1000, "b" * 1000, "c" * 1000, "d" * 5000, "e"):
        client.track("x", {"text": text})
    assert 0 == client.flush()
    assert [2, 1, 1, 1] == sizes(memory)


def test_an_event_waits_for_company_until_linger_is_over() -> None:
    """Without a flush the first event goes linger seconds after it was seen, with all others."""
    client, memory, clock = planned(linger=1.0)
    client.track("first")
    delivery = client._outbox._delivery
    assert 1.0 == delivery.step(urgent=False)
    clock.now += 0.75
    client.track("second")
    assert 0.25 == delivery.step(urgent=False)
    assert [] == memory.requests
    clock.now += 0.25
    assert 0.0 == delivery.step(urgent=False)
    assert [2] == sizes(memory)
    assert None is delivery.step(urgent=False)


@pytest.mark.parametrize("settings", [{"batch_events": 3}, {"batch_bytes": 200}])
def test_a_full_batch_goes_at_once(settings: dict[str, int]) -> None:
    """Reaching the count or the bytes of a batch ends the waiting."""
    client, memory, _ = planned(linger=1000.0, **settings)
    for _ in range(3):
        client.track("x")
    assert 0.0 == client._outbox._delivery.step(urgent=False)
    assert 1 == len(memory.requests)


def test_sent_at_is_that_of_the_attempt() -> None:
    """A retry says when it was sent itself: the server corrects clocks by it. Events stay same."""
    client, memory, _ = planned([CAUGHT] * 7)
    client.track("x")
    assert 0 == client.flush(1000)
    first, last = memory.requests[0], memory.requests[-1]
    assert ("2026-11-18T11:06:40.000000Z", "2026-11-18T11:07:41.500000Z") == (
        first["sent_at"],
        last["sent_at"],
    )
    assert first["events"] == last["events"]


def test_an_answer_lost_on_the_way_doubles_nothing() -> None:
    """Stored, answer lost, sent again: the server knows the ids, and we count duplicates."""
    client, memory, _ = planned([answer(200), TransportError("reset")])
    client.track("one", insert_id="1")
    client.flush()
    memory._answers = iter([TransportError("reset after storing")])
    memory._known.add("2")
    client.track("two", insert_id="2")
    client.flush()
    assert (1, 1) == (client.stats().sent, client.stats().duplicates)


def test_an_outage_of_an_hour_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Events queued while the server is away arrive when it is back; it was said once."""
    client, memory, clock = planned([CAUGHT] * 140)
    for number in range(1000):
        client.track("x", {"n": number})
    assert 0 == client.flush(7200)
    assert 3600 < sum(clock.slept) < 7200
    assert (1000, 1000) == (client.stats().sent, len(memory.events))
    assert 1 == len([record for record in caplog.records if "refused" in record.message])


def test_a_foreign_transport_that_fails_oddly_is_retried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An exception that is no TransportError costs nothing but a retry."""

    class Odd:
        calls = 0

        def send(self, body: bytes, *, compress: bool) -> Reply:
            self.calls += 1
            if self.calls == 1:
                raise ZeroDivisionError
            return answer(200, accepted=1, duplicates=0, rejected=0)

        def close(self) -> None:
            """Nothing is open."""

        forget = close

    client = Client(transport=Odd(), world=Clock().world)
    client.track("x")
    assert 0 == client.flush(10)
    assert "ZeroDivisionError" in caplog.text


def test_a_success_that_is_no_djangalytics_server_is_retried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A captive portal's page settles nothing: the same events go again, and it is said once."""
    portal = (200, {}, "<html>Please log in</html>")
    client, clock, sent = exchange([portal, (200, {}, {"accepted": 3}), portal, accepted(4)])
    assert sent[0] == sent[1] == sent[2] == sent[3]
    assert [0.5, 1.0, 2.0] == clock.slept
    assert (4, 0, {}) == (client.stats().sent, client.stats().queued, client.stats().lost)
    assert 1 == caplog.text.count("without the counts of a Djangalytics server")


def test_a_log_handler_that_raises_harms_nobody() -> None:
    """The host's logging may be broken; delivery goes on."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError

    logger = logging.getLogger("djangalytics_client")
    handler = Broken()
    logger.addHandler(handler)
    try:
        client, memory, _ = planned([answer(503), answer(401)])
        client.track("")
        client.track("x")
        assert 0 == client.flush(1000)
    finally:
        logger.removeHandler(handler)
    assert ["x"] == names(memory)
