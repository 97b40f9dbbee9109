"""The functions of the module, and the client behind them."""

from __future__ import annotations

import pytest

import djangalytics_client as analytics
from djangalytics_client.testing import MemoryTransport

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
