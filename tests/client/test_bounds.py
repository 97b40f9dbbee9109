"""The counts behind the bounds are exact, whatever comes between two steps of them."""

from __future__ import annotations

import itertools
import os
import resource
import sys
import threading
from pathlib import Path

import pytest

from djangalytics_client.backlog import Memory
from djangalytics_client.producer import Producer
from djangalytics_client.segment import SMALLEST, Segment
from djangalytics_client.stats import Tally

_POPULATES = tuple(map(int, os.uname().release.split(".")[:2])) >= (5, 14)


class Interrupting(bytes):
    """An event at whose size another thread, or a signal handler, has its turn."""

    meanwhile = staticmethod(lambda: None)

    def __len__(self) -> int:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None  # type: ignore[method-assign]
        meanwhile()
        return super().__len__()


def test_the_bytes_of_the_queue_do_not_drift() -> None:
    """A put that comes between the steps of another put, of a move or of a commit is counted: else
    the bound is lost, or the queue seems full for ever."""
    producer = Producer("0" * 32, "", "", 0)
    memory = Memory(lambda: producer, itertools.count(1), (10, 100))
    admitted: list[int] = []

    def interrupted() -> Interrupting:
        event = Interrupting(b"x" * 10)
        event.meanwhile = lambda: memory.put(b"y" * 7, admitted.append)  # type: ignore[method-assign]
        return event

    assert memory.put(interrupted(), admitted.append)
    assert (17, [7, 10]) == (memory._bytes, admitted)
    moved = interrupted()
    memory._queue.appendleft(moved)
    memory._bytes += 10
    while memory.move(lambda _: True, 1):
        pass
    assert (0, 0) == (len(memory), memory._bytes)
    memory._taken = [interrupted()]
    memory._bytes += 10
    memory.commit()
    assert (1, 7) == (len(memory), memory._bytes)


def test_what_is_given_up_keeps_the_number_that_it_was_sent_under() -> None:
    """Events are numbered as they are taken; those that wait get theirs when they are given up."""
    producer = Producer("0" * 32, "", "", 0)
    memory = Memory(lambda: producer, itertools.count(1), (10, 100))
    for event in (b"a", b"b", b"c"):
        memory.put(event, int)
    part = memory.take(2, 100)
    assert part is not None
    assert ([1, 2], [b"a", b"b"]) == (part.numbers, part.events)
    assert [(1, b"a"), (2, b"b"), (3, b"c")] == memory.empty()
    assert 0 == len(memory)


def test_a_signal_handler_that_loses_an_event_while_losses_are_counted_is_counted() -> None:
    """Between looking a count up and writing it nothing comes: no loss goes uncounted."""
    tally = Tally()
    calls = 0

    class Interrupted(dict[str, int]):
        """At each look-up a handler's track() finds the queue full."""

        def get(self, key: str, default: int = 0) -> int:  # type: ignore[override]
            before = super().get(key, default)
            self.interrupt()
            return before

        def setdefault(self, key: str, default: int = 0) -> int:
            before = super().setdefault(key, default)
            self.interrupt()
            return before

        def interrupt(self) -> None:
            if calls < 20:
                refuse()

    def refuse() -> None:
        nonlocal calls
        calls += 1
        tally.refuse("queue_full")

    tally._refused = Interrupted()
    for _ in range(10):
        refuse()
    counts = tally.snapshot()
    assert calls >= 20
    assert ({"queue_full": calls}, calls) == (counts.lost, counts.tracked)


def test_threads_that_count_at_once_miss_nothing() -> None:
    """No lock is taken to count an event in, or one that is refused; eight threads that take turns
    as often as Python lets them are counted to the last."""
    tally, each = Tally(), 20_000
    gate = threading.Barrier(8)

    def count() -> None:
        gate.wait()
        for _ in range(each):
            tally.admit(3)
            tally.refuse("queue_full")

    threads = [threading.Thread(target=count) for _ in range(8)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    counts = tally.snapshot()
    assert (8 * each, 24 * each) == (counts.queued, tally.weight)
    assert ({"queue_full": 8 * each}, 16 * each) == (counts.lost, counts.tracked)


def test_nothing_is_admitted_after_the_end() -> None:
    """An event whose thread was stopped before it was counted in is lost for the same reason."""
    tally = Tally()
    tally.admit(5)
    assert 1 == tally.abandon("shutdown")
    tally.admit(5)
    counts = tally.snapshot()
    assert (2, 0, {"shutdown": 2}) == (counts.tracked, counts.queued, counts.lost)


@pytest.mark.skipif(sys.platform != "linux", reason="MADV_POPULATE_WRITE is Linux's")
def test_a_segment_that_was_made_ahead_has_its_pages_at_hand(tmp_path: Path) -> None:
    """Who appends waits for no page; one that is warmed late, and one on a system that cannot do
    it, take the same events."""

    def faults(segment: Segment) -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        number = 0
        numbers = itertools.count(1)
        while segment.append(b"x" * 300, numbers, int):
            number += 1
        assert 3200 < number < 3300
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    who, size = Producer("0" * 32, "", "", 0), 1024 * 1024
    ahead = Segment(tmp_path / "ahead", size, who, ahead=True)
    late = Segment(tmp_path / "late", size, who)
    late.warm()
    cold = faults(Segment(tmp_path / "cold", size, who))
    if _POPULATES:
        assert faults(ahead) < cold // 4
        assert faults(late) < cold // 4
    late.leave()
    late.warm()  # closed meanwhile: nothing happens


def test_a_system_that_cannot_fetch_pages_ahead_fetches_them_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Linux before 5.14: the advice is refused, and the segment is as good."""
    monkeypatch.setattr("djangalytics_client.segment._POPULATE_WRITE", 9999)
    segment = Segment(tmp_path / "a", SMALLEST, Producer("0" * 32, "", "", 0), ahead=True)
    assert segment.append(b"x", iter([1]), int)
