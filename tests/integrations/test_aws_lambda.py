"""@flushed: what a call tracked has arrived when it returns, for the process may be frozen then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import djangalytics_client
from djangalytics_client import Settings, track
from djangalytics_client.errors import TransportError
from djangalytics_client.integrations.aws_lambda import flushed
from djangalytics_client.testing import MemoryTransport


@pytest.fixture
def memory() -> Iterator[MemoryTransport]:
    transport = MemoryTransport()
    djangalytics_client.configure(transport=transport, settings=Settings(linger=100))
    yield transport
    djangalytics_client._default.pop("client").shutdown(0)


@flushed
def handler(event: Any, call: Any) -> int:
    track("invoked")
    return 1 // event


@flushed(timeout=5, source="function")
async def ahandler(event: Any, call: Any) -> int:
    await asyncio.sleep(0)
    track("invoked")
    return 1 // event


@pytest.mark.parametrize("asynchronous", [False, True])
def test_events_have_arrived_when_the_call_ends(
    asynchronous: bool, memory: MemoryTransport
) -> None:
    """Returned or raised, plain or async: they are there, with the call's request id."""

    def call(event: int) -> Any:
        answer = (ahandler if asynchronous else handler)(event, SimpleNamespace(aws_request_id="r"))
        return asyncio.run(answer) if asynchronous else answer

    assert 1 == call(1)
    assert 1 == len(memory.events)
    with pytest.raises(ZeroDivisionError):
        call(0)
    assert 2 == len(memory.events)
    assert {("r", "function" if asynchronous else "lambda")} == {
        (event["properties"]["$request_id"], event["source"]) for event in memory.events
    }


def test_the_flush_keeps_to_the_time_that_the_call_has_left() -> None:
    """With the server away and half a second left, the answer is not held up for longer."""
    djangalytics_client.configure(transport=MemoryTransport([TransportError("down")] * 999))
    started = time.monotonic()
    handler(1, SimpleNamespace(get_remaining_time_in_millis=lambda: 500))
    assert time.monotonic() - started < 1.9
    djangalytics_client._default.pop("client").shutdown(0)


def test_a_handler_without_a_context_works(memory: MemoryTransport) -> None:
    """Any function may be decorated; its name stays."""

    @flushed
    def job() -> str:
        track("done")
        return "ok"

    assert ("ok", "job", 1) == (job(), job.__name__, len(memory.events))
