"""The client: what its calls return, count, raise in debug, and never raise otherwise."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djangalytics_client import (
    Client,
    ConfigurationError,
    EventLost,
    EventRejected,
    Settings,
    Stats,
    context,
)
from djangalytics_client.context import NOWHERE, current
from djangalytics_client.errors import TransportError
from djangalytics_client.transport import MemoryTransport

from .doubles import Clock, answer, planned


class Awkward:
    """An object whose every use fails."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__
    __eq__ = __hash__ = None  # type: ignore[assignment]

    @property
    def __class__(self) -> Any:
        raise RuntimeError


def balance(stats: Stats) -> bool:
    ended = stats.sent + stats.duplicates + sum(stats.rejected.values()) + sum(stats.lost.values())
    return stats.tracked == stats.queued + ended + sum(stats.dropped.values())


def test_track_returns_the_id_that_is_sent() -> None:
    """The insert id that track() returns is that of the event on the wire."""
    client, memory, _ = planned()
    ids = [client.track("x"), client.track("x", insert_id="mine")]
    client.flush()
    assert ids == [event["insert_id"] for event in memory.events]
    assert "mine" == ids[1]


def test_the_callers_objects_are_copied() -> None:
    """Changing a list after track() does not change what is sent."""
    client, memory, _ = planned()
    items = [1]
    properties = {"items": items}
    client.track("x", properties)
    items.append(2)
    properties["more"] = items
    client.flush()
    assert {"items": [1]} == memory.events[0]["properties"]


def test_context_and_source_reach_the_event() -> None:
    """Ids and properties of the block, and the client's source, are in the event."""
    memory = MemoryTransport()
    client = Client(transport=memory, source="shop", world=Clock().world)
    with context(distinct_id="ada", session_id="s1", plan="pro"):
        client.track("one", {"n": 1})
    with context(source="cron"):
        client.track("two")
    client.flush()
    one, two = memory.events
    assert ("ada", "s1", "shop", {"plan": "pro", "n": 1}) == tuple(
        one[name] for name in ("distinct_id", "session_id", "source", "properties")
    )
    assert "cron" == two["source"]


def test_identify_sends_an_event_and_sets_the_context() -> None:
    """identify() is a $identify event with the traits; later events have the distinct id."""
    client, memory, _ = planned()
    with context():
        assert client.identify("ada", {"plan": "pro"})
        client.track("x")
        client.flush()
    assert [("$identify", "ada", {"plan": "pro"}), ("x", "ada", None)] == [
        (event["event_name"], event["distinct_id"], event.get("properties"))
        for event in memory.events
    ]
    assert NOWHERE is current.get()


def test_a_refused_identify_sets_nothing() -> None:
    """A distinct id that is refused does not become that of the context."""
    client, _, _ = planned()
    assert None is client.identify("x" * 201)
    assert NOWHERE is current.get()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("",), "rejected:event_name_missing"),
        (("x", {"v": float("nan")}), "rejected:number_out_of_range"),
        (("x", {"v": Awkward()}), "rejected:unreadable"),
        (("x", Awkward()), "rejected:unreadable"),
        ((Awkward(),), "rejected:unreadable"),
    ],
)
def test_a_refused_event_is_counted_and_said_once(
    arguments: tuple[Any, ...], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """track() returns None, counts the reason, and logs each kind once; debug raises instead."""
    client, memory, _ = planned()
    assert [None, None] == [client.track(*arguments), client.track(*arguments)]
    assert {reason: 2} == client.stats().lost
    assert 1 == len(caplog.records)
    assert [] == memory.requests
    with pytest.raises((EventRejected, RuntimeError, TypeError)):
        Client(transport=memory, debug=True).track(*arguments)


@given(
    st.lists(st.tuples(st.text(max_size=3), st.dictionaries(st.text(), st.floats())), max_size=9)
)
def test_nothing_vanishes(calls: list[Any]) -> None:
    """tracked == queued + sent + duplicates + rejected + lost, before and after the flush."""
    client, _, _ = planned(
        [
            TransportError("x"),
            answer(413),
            answer(400),
            answer(207, accepted=0, duplicates=1, rejected=1),
        ],
        queue_events=5,
    )
    for name, properties in calls:
        client.track(name, properties)
        client.track("same", insert_id="1")
    assert balance(client.stats())
    assert 2 * len(calls) == client.stats().tracked
    client.shutdown(100)
    assert balance(client.stats())
    assert 0 == client.stats().queued


def test_a_full_queue_refuses_by_count() -> None:
    """The event that does not fit is lost, counted, and None comes back; the rest is sent."""
    client, memory, _ = planned(queue_events=3)
    ids = [client.track("x") for _ in range(5)]
    assert [False, False, False, True, True] == [each is None for each in ids]
    assert {"queue_full": 2} == client.stats().lost
    client.flush()
    assert ids[:3] == [event["insert_id"] for event in memory.events]
    assert None is not client.track("room again")
    debug = Client(
        transport=memory, debug=True, settings=Settings(queue_events=1), world=Clock().world
    )
    debug.track("x")
    with pytest.raises(EventLost, match="faster than"):
        debug.track("x")


def test_a_full_queue_refuses_by_bytes() -> None:
    """The bound in bytes holds where events are few and large."""
    client, _, _ = planned(queue_bytes=50_000)
    kept = [client.track("x", {"text": "a" * 10_000}) for _ in range(10)]
    assert 4 == len([each for each in kept if each])
    assert {"queue_full": 6} == client.stats().lost


def test_flush_says_what_is_left_and_gives_up_early() -> None:
    """With the next try beyond the timeout, flush() does not wait for nothing."""
    client, _, clock = planned([answer(401)] * 9)
    client.track("x")
    client.track("y")
    assert 2 == client.flush(10.0)
    assert [] == clock.slept
    assert (2, 2) == (client.stats().queued, client.stats().tracked)


def test_flush_tries_once_more_but_respects_the_server() -> None:
    """A flush cuts our own waiting short, never a Retry-After."""
    client, memory, _ = planned([answer(401), answer(429, "100"), answer(200)])
    client.track("x")
    assert 1 == client.flush(1)
    assert 1 == client.flush(1)
    assert 1 == client.flush(1)
    assert 2 == len(memory.requests)
    assert 0 == client.flush(101)


def test_flushing_nothing_is_free() -> None:
    """An empty queue flushes without a request or a thread."""
    client, memory, _ = planned()
    assert (0, 0) == (client.flush(), client.flush(-1))
    assert [] == memory.requests


def test_shutdown_counts_what_it_gives_up() -> None:
    """What could not be sent in time is lost: shutdown; so is what is tracked afterwards."""
    client, _, _ = planned([TransportError("down")] * 99)
    client.track("x")
    client.track("y")
    assert 2 == client.shutdown(3.0)
    assert None is client.track("z")
    assert (0, {"shutdown": 3}) == (client.stats().queued, client.stats().lost)
    assert (0, 0) == (client.shutdown(), client.flush())


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x", "localhost:8000", "http://", "http://[::1", "http://h:99999", "http://h?q"],
)
def test_an_address_that_cannot_work_counts_everything_as_lost(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong address is one log line and counted losses, no exception; debug raises."""
    monkeypatch.setenv("DJANGALYTICS_URL", url or "nonsense")
    client = Client()
    assert (None, 0) == (client.track("x"), client.flush())
    assert {"misconfigured": 1} == client.stats().lost
    assert "Analytics are off" in caplog.text
    with pytest.raises(ConfigurationError):
        Client(debug=True)


def test_a_key_that_cannot_be_a_header_is_refused() -> None:
    """No line break gets into a header."""
    with pytest.raises(ConfigurationError, match="write key"):
        Client(write_key="djw_a\r\nX-Evil: 1", debug=True)


def test_a_fault_of_ours_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    """flush() and shutdown() return, whatever happens; debug raises."""
    client, _, _ = planned()
    client.track("x")
    assert 1 == client.flush("soon")  # type: ignore[arg-type]
    assert "A fault in the analytics client" in caplog.text
    client._debug = True
    with pytest.raises(TypeError):
        client.flush("soon")  # type: ignore[arg-type]


def test_a_clock_that_breaks_does_not_end_the_delivery(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception in a step is logged, and the step is tried again."""
    client, memory, _ = planned()
    client.track("x")
    take = client._outbox._delivery._take
    faults = iter([MemoryError])

    def once(*, urgent: bool) -> bool:
        for fault in faults:
            raise fault
        return take(urgent=urgent)

    client._outbox._delivery._take = once  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        assert 0 == client.flush(10)
    assert "A fault in the analytics client" in caplog.text
    assert 1 == len(memory.events)
