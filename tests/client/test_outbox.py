"""The worker thread, with real threads and a real server."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from djangalytics_client import Client, Settings, outbox
from djangalytics_client.errors import TransportError
from djangalytics_client.retry import Reply
from djangalytics_client.transport import MemoryTransport
from djangalytics_client.world import World, daemon

from .conftest import Sink
from .doubles import Clock, eventually

FAST = Settings(linger=0.01)


class Gate(MemoryTransport):
    """A memory whose answers wait until the gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()

    def send(self, body: bytes, *, compress: bool) -> Reply:
        self.entered.release()
        self.open.wait(20)
        return super().send(body, compress=compress)


def test_events_arrive_without_a_flush(sink: Sink) -> None:
    """The worker sends by itself once an event has waited for company."""
    client = Client(sink.url, settings=FAST)
    arrived = threading.Event()
    settle = client._outbox._tally.settle

    def tell(*arguments: Any) -> None:
        settle(*arguments)
        arrived.set()

    client._outbox._tally.settle = tell  # type: ignore[method-assign]
    client.track("x")
    assert arrived.wait(20)
    assert ["x"] == [event["event_name"] for event in sink.events.values()]
    client.shutdown()


def test_no_thread_runs_before_the_first_event() -> None:
    """Making a client costs no thread."""
    before = threading.active_count()
    client = Client("http://127.0.0.1:9")
    assert before == threading.active_count()
    client.shutdown()


def test_shutdown_ends_the_thread_and_the_connection(sink: Sink) -> None:
    """Nothing stays behind: the fixtures check threads, and warnings are errors."""
    client = Client(sink.url)
    client.track("x")
    assert 0 == client.shutdown()
    assert None is client._outbox._worker._thread
    assert 1 == len(sink.events)


def test_eight_threads_lose_and_double_nothing(sink: Sink) -> None:
    """8 × 1,000 events from as many threads arrive once each, over one connection."""
    client = Client(sink.url, settings=FAST)
    ids: list[Any] = []

    def produce(worker: int) -> None:
        ids.extend([client.track("x", {"worker": worker, "n": n}) for n in range(1000)])

    threads = [threading.Thread(target=produce, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 == client.flush(60)
    assert (8000, 8000, set(ids)) == (len(ids), client.stats().sent, set(sink.events))
    assert 1 == len(sink.connections)
    client.shutdown()


def test_a_slow_server_holds_nobody_up() -> None:
    """While a request hangs, track() and stats() go on and the queue fills to its bound."""
    gate = Gate()
    client = Client(transport=gate, settings=Settings(linger=0.0, queue_events=100))
    client.track("first")
    assert gate.entered.acquire(timeout=20)
    kept = [client.track("x") for _ in range(150)]
    assert (99, 51) == (len([k for k in kept if k]), client.stats().lost["queue_full"])
    assert 100 == client.flush(0.01)
    gate.open.set()
    assert 0 == client.flush(20)
    assert 100 == client.stats().sent
    client.shutdown()


def test_shutdown_does_not_wait_for_a_hung_request() -> None:
    """When time is up the events count as lost, and the late answer changes no count."""
    gate = Gate()
    client = Client(transport=gate, settings=FAST)
    client.track("x")
    assert gate.entered.acquire(timeout=20)
    worker = client._outbox._worker._thread
    assert 1 == client.shutdown(0.01)
    gate.open.set()
    assert worker is not None
    worker.join(20)
    stats = client.stats()
    assert (0, 0, {"shutdown": 1}) == (stats.sent, stats.queued, stats.lost)


def test_several_threads_may_flush_at_once(sink: Sink) -> None:
    """Each flush waits for its own events and returns."""
    client = Client(sink.url)
    left: list[int] = []

    def work() -> None:
        for _ in range(20):
            client.track("x")
            left.append(client.flush(60))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [0] * 80 == left
    assert 80 == len(sink.events)
    client.shutdown()


@pytest.mark.parametrize("call", ["flush", "shutdown"])
def test_flush_and_shutdown_in_the_worker_itself_return(call: str) -> None:
    """A log handler that flushes or ends the client from the sending thread holds nothing up."""
    memory = MemoryTransport([Reply(503)])
    workers: list[Any] = []

    def noted(work: Callable[[], None]) -> Any:
        workers.append(daemon(work))
        return workers[-1]

    client = Client(transport=memory, settings=FAST, world=World(thread=noted))
    flushed: list[int] = []

    class Flushing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            flushed.append(getattr(client, call)(1000))

    handler = Flushing()
    logging.getLogger("djangalytics_client").addHandler(handler)
    try:
        client.track("x")
        eventually(lambda: flushed)
        assert 0 == client.flush(60)
    finally:
        logging.getLogger("djangalytics_client").removeHandler(handler)
    assert [1] == flushed
    client.shutdown()
    for worker in workers:
        worker.join(60)


def test_a_signal_handler_may_track_over_track() -> None:
    """track() inside a handler that interrupts track() neither deadlocks nor loses count."""
    memory = MemoryTransport()
    client = Client(transport=memory, settings=Settings(linger=0.0, queue_events=1_000_000))
    handled = 0

    def handle(_number: int, _frame: object) -> None:
        nonlocal handled
        handled += 1
        client.track("handled")

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    tracked = 0
    try:
        while handled < 200:
            client.track("x")
            tracked += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 0 == client.flush(60)
    assert (tracked + handled, {}) == (client.stats().sent, client.stats().lost)
    assert 0 == client._outbox._tally.weight
    client.shutdown()


def test_signals_over_a_full_queue_cost_what_is_counted() -> None:
    """Where handlers track over track() and there is no room, each call that gave no id is one
    queue_full, and each id that was given is stored."""
    memory = MemoryTransport()
    settings = Settings(linger=0.0, queue_events=50, queue_bytes=10_000)
    client = Client(transport=memory, settings=settings)
    given: list[str | None] = []
    handled = 0

    def handle(_number: int, _frame: object) -> None:
        nonlocal handled
        handled += 1
        given.append(client.track("handled"))

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        while handled < 200 or None not in given:
            given.append(client.track("x"))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 0 == client.flush(60)
    stats = client.stats()
    assert (len(given), {"queue_full": given.count(None)}) == (stats.tracked, stats.lost)
    assert {*given} - {None} == {event["insert_id"] for event in memory.events}
    assert (0, 0) == (client._outbox._memory._bytes, client._outbox._tally.weight)
    client.shutdown()


def test_a_log_handler_that_tracks_does_not_loop() -> None:
    """An event made by the warning about an event ends there."""
    client = Client(transport=MemoryTransport(), world=Clock().world)

    class Tracking(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            client.track("")

    handler = Tracking()
    logging.getLogger("djangalytics_client").addHandler(handler)
    try:
        client.track("")
    finally:
        logging.getLogger("djangalytics_client").removeHandler(handler)
    assert {"rejected:event_name_missing": 2} == client.stats().lost


def test_a_process_with_another_id_starts_over() -> None:
    """Where a fork went unnoticed, the process id tells: the parent's events are not ours."""
    client = Client(transport=MemoryTransport(), world=Clock().world)
    for notice in (client.stats, client.flush):
        client.track("the parent's")
        client._outbox._pid -= 1
        notice()
        assert (0, 0) == (client.stats().tracked, client.stats().queued)


def test_the_thread_is_started_once() -> None:
    """Producers that come at the same time share one worker."""
    started: list[object] = []

    def counting(work: Callable[[], None]) -> Any:
        started.append(work)
        return daemon(work)

    client = Client(transport=MemoryTransport(), settings=FAST, world=World(thread=counting))
    go = threading.Barrier(8)

    def produce() -> None:
        go.wait()
        client.track("x")

    threads = [threading.Thread(target=produce) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 == client.shutdown(60)
    assert 1 == len(started)


def test_exit_tells_what_could_not_be_delivered(caplog: pytest.LogCaptureFixture) -> None:
    """The hook at the interpreter's end gives each client its time and says what is lost."""
    clock = Clock()
    memory = MemoryTransport([TransportError("down")] * 99)
    client = Client(transport=memory, world=clock.world, settings=Settings(exit_timeout=3.0))
    client.track("x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outbox._at_exit()
    assert {"shutdown": 1} == client.stats().lost
    assert sum(clock.slept) <= 3.0
    assert "1 events could not be delivered before exit" in caplog.text
