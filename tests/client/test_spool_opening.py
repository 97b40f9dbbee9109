"""The first event of a process opens its spool: what others do meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from djangalytics_client import Client, outbox
from djangalytics_client.spool import Spool

from .test_spool import fill, numbers, spooling


def slow_to_open(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]) -> None:
    """Have something happen while a spool is being opened, once."""
    events = [meanwhile]

    class Slow(Spool):
        def __init__(self, *arguments: Any) -> None:
            if events:
                events.pop()()
            super().__init__(*arguments)

    monkeypatch.setattr(outbox, "Spool", Slow)


def left(client: Client, folder: Path) -> list[int]:
    """What the next process finds when this one dies now."""
    client._outbox.start_over()  # lets go of the files as a dying process does
    second, memory = spooling(folder)
    second.flush()
    second.shutdown()
    return sorted(numbers(memory))


def test_a_thread_that_comes_while_it_is_opened_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its event is on disk when track() is back, like every other."""
    opening, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        opening.set()
        go_on.wait(20)

    slow_to_open(monkeypatch, hold)
    client, _ = spooling(tmp_path)
    first = threading.Thread(target=fill, args=(client, 1, 0))
    second = threading.Thread(target=fill, args=(client, 3, 1))
    first.start()
    assert opening.wait(20)
    second.start()
    second.join(0.1)
    assert second.is_alive()
    go_on.set()
    first.join()
    second.join()
    assert [0, 1, 2, 3] == left(client, tmp_path)


def test_a_signal_handler_over_the_opening_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would wait for itself: its event waits in memory, and is delivered with the others."""
    client, memory = spooling(tmp_path)
    slow_to_open(monkeypatch, lambda: fill(client, 1, 0))
    fill(client, 2, 1)
    assert 0 == client.flush()
    assert [0, 1, 2] == sorted(numbers(memory))
    client.shutdown()


def test_a_flush_waits_for_a_thread_that_looks_for_orphans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it sends what that one found, instead of leaving it."""
    dead, _ = spooling(tmp_path)
    fill(dead, 3)
    dead._outbox.start_over()
    client, memory = spooling(tmp_path)
    client._outbox._open_spool()
    spool = client._outbox._worker.spool
    assert spool is not None
    look = spool.adopt
    looking, go_on = threading.Event(), threading.Event()

    def slowly() -> list[Any]:
        looking.set()
        go_on.wait(20)
        return look()

    monkeypatch.setattr(spool, "adopt", slowly)
    other = threading.Thread(target=client._outbox._worker.adopt)
    other.start()
    assert looking.wait(20)
    monkeypatch.setattr(spool, "adopt", look)
    threading.Timer(0.05, go_on.set).start()
    assert 0 == client.flush()
    assert [0, 1, 2] == numbers(memory)
    other.join()
    client.shutdown()
