"""The client in an event loop: track() does not wait, aflush() waits without holding others up."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import djangalytics_client as analytics
from djangalytics_client import Client, Settings
from djangalytics_client.transport import MemoryTransport

from .conftest import Sink
from .test_outbox import FAST, Gate


def test_aflush_sends_and_says_what_is_left(sink: Sink) -> None:
    """What is queued has arrived when it returns 0; nothing queued costs nothing."""

    async def serve() -> list[int]:
        analytics.configure(sink.url)
        nothing = await analytics.aflush()
        analytics.track("x")
        return [nothing, await analytics.aflush(), len(sink.events)]

    assert [0, 0, 1] == asyncio.run(serve())


def test_the_loop_runs_on_while_aflush_waits() -> None:
    """Other tasks go on during a flush that takes its time, and the timeout holds."""
    gate = Gate()
    client = Client(transport=gate, settings=FAST)

    async def serve() -> tuple[int, int]:
        client.track("x")
        turns = 0
        flushing = asyncio.create_task(client.aflush(0.3))
        while not flushing.done():
            turns += 1
            await asyncio.sleep(0.001)
        return turns, flushing.result()

    turns, left = asyncio.run(serve())
    assert (True, 1) == (turns > 20, left)
    gate.open.set()
    client.shutdown()


def test_aflush_needs_none_of_the_loops_threads() -> None:
    """Its timeout holds although the loop's own pool is busy with the host's work."""
    gate, busy = Gate(), threading.Event()
    client = Client(transport=gate, settings=FAST)

    async def serve() -> float:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        work = loop.run_in_executor(None, busy.wait, 20)
        client.track("x")
        started = time.monotonic()
        assert 1 == await client.aflush(0.1)
        elapsed = time.monotonic() - started
        busy.set()
        await work
        return elapsed

    assert asyncio.run(serve()) < 15
    gate.open.set()
    client.shutdown()


def test_a_cancelled_aflush_leaves_nothing_broken(sink: Sink) -> None:
    """Cancelling the wait does not cancel the sending."""
    client = Client(sink.url)
    sink.hold = threading.Event()

    async def serve() -> None:
        client.track("x")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.aflush(30), 0.1)

    asyncio.run(serve())
    sink.hold.set()
    assert 0 == client.shutdown()
    assert 1 == len(sink.events)


def test_aflush_raises_in_debug_only(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of ours comes out where the flush is awaited, and only with debug."""
    client = Client(transport=MemoryTransport(), settings=Settings(linger=100.0), debug=True)
    client.track("x")
    with pytest.raises(TypeError):
        asyncio.run(client.aflush("soon"))  # type: ignore[arg-type]
    client.shutdown()
