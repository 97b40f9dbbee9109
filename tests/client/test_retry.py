"""The retry table: what each answer means, as pure decisions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djangalytics_client.retry import (
    Action,
    Decision,
    Reply,
    Sent,
    counts_add_up,
    decide,
    problem_code,
    retry_after,
    verdicts,
)

NOW = 1_795_000_000.0


def decision(
    status: int | None,
    after: str | None = None,
    *,
    events: int = 10,
    failures: int = 0,
    compressed: bool = True,
    chance: float = 1.0,
) -> Decision:
    body = {"accepted": events, "duplicates": 0, "rejected": 0}
    reply = None if status is None else Reply(status, after, body)
    return decide(reply, Sent(events, failures, compressed), chance=chance, now=NOW)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 207])
def test_2xx_is_done(status: int) -> None:
    """A success is never sent again."""
    assert Decision(Action.DONE) == decision(status)


@pytest.mark.parametrize("status", [None, 408, 425, 500, 502, 503, 504])
def test_passing_trouble_is_retried_with_growing_delays(status: int | None) -> None:
    """No answer and passing errors: the same again after 0.5 s doubled each time, 30 s at most."""
    delays = [decision(status, failures=n).delay for n in range(9)]
    assert [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0] == delays
    assert Action.AGAIN is decision(status, failures=10_000).action


def test_jitter_is_full() -> None:
    """The delay is spread over everything from nothing to the bound."""
    assert [0.0, 2.0, 4.0] == [
        decision(503, failures=3, chance=chance).delay for chance in (0.0, 0.5, 1.0)
    ]


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
def test_retry_after_is_a_minimum(status: int) -> None:
    """The server's wish holds where our own delay is shorter, up to 300 s."""
    assert Decision(Action.AGAIN, 7.0, 7.0) == decision(status, "7")
    assert Decision(Action.AGAIN, 30.0, 7.0) == decision(status, "7", failures=9)
    assert Decision(Action.AGAIN, 300.0, 300.0) == decision(status, "86400")


def test_429_waits_as_told_or_a_minute() -> None:
    """429: Retry-After, 60 s without it."""
    assert Decision(Action.AGAIN, 2.0, 2.0) == decision(429, "2")
    assert Decision(Action.AGAIN, 60.0, 60.0) == decision(429)
    assert Decision(Action.AGAIN, 300.0, 300.0) == decision(429, "9" * 50)
    assert 0.5 == decision(429, "0").delay  # no storm into a server that says "at once"


@pytest.mark.parametrize("status", [400, 413])
def test_400_and_413_halve_a_batch_and_drop_a_single_event(status: int) -> None:
    """The culprit is isolated and dropped, the others are sent."""
    assert Action.HALVE is decision(status, events=2).action
    assert Decision(Action.DROP) == decision(status, events=1)


def test_415_is_tried_once_without_compression() -> None:
    """What was compressed goes again plain; what was plain already is held."""
    assert Decision(Action.UNCOMPRESSED) == decision(415)
    assert Action.HOLD is decision(415, compressed=False).action


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403, 404, 405, 410, 418])
def test_everything_else_is_kept_and_tried_each_minute(status: int) -> None:
    """A wrong key or address keeps the events and asks once a minute."""
    assert Decision(Action.HOLD, 60.0, 0.0) == decision(status)


def test_retry_after_reads_seconds_and_dates() -> None:
    """Both forms of RFC 9110 are understood; what is neither is as if absent."""
    later = datetime.fromtimestamp(NOW, timezone.utc) + timedelta(seconds=90)
    assert 90.0 == retry_after(format_datetime(later, usegmt=True), NOW)
    assert 0.0 == retry_after("Wed, 21 Oct 2015 07:28:00 GMT", NOW)
    assert 300.0 == retry_after("Fri, 31 Dec 9999 23:59:59 GMT", NOW)
    assert (5.0, 0.0) == (retry_after(" 5 ", NOW), retry_after("0", NOW))
    for nonsense in (None, "", "soon", "-5", "1.5", "٣", "Wed, 99 Oct 2015 07:28:00 GMT"):
        assert None is retry_after(nonsense, NOW)


@given(
    st.text() | st.from_regex(r"\A[A-Z]{3}, [0-9]+ (Jan|Feb) [0-9]+ [0-9]+:[0-9]+:[0-9]+ .{0,5}\Z")
)
def test_any_retry_after_is_within_bounds(header: str) -> None:
    """No header makes us fail, wait for ever, or not at all."""
    seconds = retry_after(header, NOW)
    assert seconds is None or 0.0 <= seconds <= 300.0


def test_a_problem_has_its_code_or_its_status() -> None:
    """Only a well-formed code is believed."""
    assert "invalid_json" == problem_code(Reply(400, None, {"code": "invalid_json"}))
    for body in (None, [], {"code": 5}, {"code": "Not A Code"}, {"code": "x" * 41}):
        assert "400" == problem_code(Reply(400, None, body))


NO_ANSWERS_OF_OURS = [
    None,
    [],
    "ok",
    {},
    {"accepted": 9},
    {"accepted": "10", "duplicates": 0, "rejected": 0},
    {"accepted": 11, "duplicates": -1, "rejected": 0},
    {"accepted": 9, "duplicates": True, "rejected": 0},
    {"accepted": 9, "duplicates": 0, "rejected": 0},
    {"accepted": 10, "duplicates": 0, "rejected": 1},
]


@pytest.mark.parametrize("body", NO_ANSWERS_OF_OURS)
@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_success_that_does_not_account_for_the_events_is_retried(status: int, body: Any) -> None:
    """Something else answered: the same again with growing delays, Retry-After as a minimum."""
    reply = Reply(status, None, body)
    again = [decide(reply, Sent(10, n), chance=1.0, now=NOW) for n in (0, 3, 10)]
    assert [Decision(Action.AGAIN, delay) for delay in (0.5, 4.0, 30.0)] == again
    asked = decide(reply._replace(retry_after="7"), Sent(10), chance=1.0, now=NOW)
    assert Decision(Action.AGAIN, 7.0, 7.0) == asked


def counted(body: Any) -> tuple[int, int, dict[str, int]]:
    outcome = verdicts(Reply(207, None, body))
    return outcome.sent, outcome.duplicates, dict(outcome.rejected)


def test_verdicts_are_read_by_code() -> None:
    """accepted, duplicates and rejected are taken over; unlisted rejections are still counted."""
    errors = [{"code": "too_deep"}, {"code": "too_deep"}, {"code": "text_invalid"}]
    body = {"accepted": 3, "duplicates": 2, "rejected": 5, "errors": errors}
    assert (3, 2, {"too_deep": 2, "text_invalid": 1, "unlisted": 2}) == counted(body)
    assert (10, 0, {}) == counted({"accepted": 10})


@given(
    st.dictionaries(
        st.sampled_from(["accepted", "duplicates", "rejected", "errors"]),
        st.integers(-5, 9) | st.none() | st.lists(st.dictionaries(st.just("code"), st.text())),
    ),
    st.integers(1, 20),
)
def test_whatever_a_server_answers_each_event_is_counted_once(body: Any, events: int) -> None:
    """Either the parts add up to what was sent, or the answer settles nothing."""
    sent, duplicates, rejected = counted(body)
    assert min(sent, duplicates, *rejected.values(), 0) >= 0
    total = sent + duplicates + sum(rejected.values())
    assert (total == events) == counts_add_up(Reply(200, None, body), events)
