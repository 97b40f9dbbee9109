"""The functions of the module, the client behind them, and recording for tests."""

from __future__ import annotations

import pytest

import djangalytics_client as analytics
from djangalytics_client.errors import EventRejected
from djangalytics_client.testing import MemoryTransport, recorded

from .conftest import Sink


def test_the_first_call_makes_a_client_from_the_environment(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With DJANGALYTICS_URL and _WRITE_KEY set, one import and one call are enough."""
    monkeypatch.setenv("DJANGALYTICS_URL", sink.url)
    monkeypatch.setenv("DJANGALYTICS_WRITE_KEY", "djw_env")
    insert_id = analytics.track("signup", {"plan": "pro"})
    assert 0 == analytics.flush()
    assert [insert_id] == list(sink.events)
    assert "Bearer djw_env" == sink.requests[0]["headers"]["Authorization"]
    assert 1 == analytics.stats().sent
    assert 0 == analytics.shutdown()


def test_configure_replaces_the_client_and_ends_the_old_one(sink: Sink) -> None:
    """What the old client had queued is sent; later events go to the new one."""
    memory = MemoryTransport()
    old = analytics.configure(sink.url)
    analytics.track("old")
    new = analytics.configure(transport=memory, source="new")
    with analytics.context():
        analytics.identify("ada")
    analytics.flush()
    assert (1, ["$identify"]) == (len(sink.events), [e["event_name"] for e in memory.events])
    assert ({"shutdown": 1}, 1) == (
        (old.track("late"), old.stats().lost)[1],
        new.stats().sent,
    )


def test_recorded_events_are_complete_when_the_block_ends() -> None:
    """A test sees what was tracked, in order, without a server."""
    with recorded() as tracked:
        analytics.track("signup", {"plan": "pro"}, distinct_id="ada")
        analytics.track("login")
    assert ["signup", "login"] == [event["event_name"] for event in tracked.events]
    assert "client" not in analytics._default


def test_recording_ends_with_the_client_from_before() -> None:
    """A configured client is back after the block."""
    mine = analytics.configure(transport=MemoryTransport())
    with recorded():
        assert mine is not analytics._client()
    assert mine is analytics._client()


def test_recording_raises_what_would_be_refused() -> None:
    """A test fails at the call that would lose its event in production."""
    with recorded(), pytest.raises(EventRejected, match="nan"):
        analytics.track("x", {"v": float("nan")})
