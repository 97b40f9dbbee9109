"""The counts behind the bounds are exact, whatever comes between two steps of them."""

from __future__ import annotations

import os
import resource
import sys
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
    memory = Memory(lambda: Producer("0" * 32, "", "", 0), (10, 100))

    def interrupted(number: int) -> Interrupting:
        event = Interrupting(b"x" * 10)
        event.meanwhile = lambda: memory.put(number, b"y" * 7)  # type: ignore[method-assign]
        return event

    memory.put(1, interrupted(2))
    assert 17 == memory._bytes
    moved = interrupted(3)
    memory._queue.appendleft((0, moved))
    memory._bytes += 10
    while memory.move(lambda *_: True, 1):
        pass
    assert (0, 0) == (len(memory), memory._bytes)
    memory._taken = [(4, interrupted(5))]
    memory._bytes += 10
    memory.commit()
    assert (1, 7) == (len(memory), memory._bytes)


def test_a_signal_handler_that_loses_an_event_while_losses_are_counted_is_counted() -> None:
    """Between looking a count up and writing it nothing comes: no loss goes uncounted."""
    tally = Tally()

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
            if tally.tracked < 20:
                tally.note("queue_full")
                tally.counted()

    tally._lost = Interrupted()
    for _ in range(10):
        tally.note("queue_full")
        tally.counted()
    counts = tally.snapshot()
    assert counts.tracked >= 20
    assert {"queue_full": counts.tracked} == counts.lost


@pytest.mark.skipif(sys.platform != "linux", reason="MADV_POPULATE_WRITE is Linux's")
def test_a_segment_that_was_made_ahead_has_its_pages_at_hand(tmp_path: Path) -> None:
    """Who appends waits for no page; one that is warmed late, and one on a system that cannot do
    it, take the same events."""

    def faults(segment: Segment) -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        number = 0
        while segment.append(number, b"x" * 300):
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
    assert segment.append(1, b"x")
