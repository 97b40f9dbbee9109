"""What the SDK's tests pass instead of time, chance, threads and the network."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any

from djangalytics_client.client import Client
from djangalytics_client.retry import Reply
from djangalytics_client.settings import Settings
from djangalytics_client.transport import MemoryTransport
from djangalytics_client.world import Thread, World

NOON = 1_795_000_000_000_000_000
"""Nanoseconds: 2026-11-18T11:06:40Z."""


class Clock:
    """A world whose time passes only when somebody sleeps, and that starts no threads."""

    def __init__(self, chance: float = 1.0) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        ids = itertools.count()
        self.world = World(
            time_ns=lambda: NOON + int((self.now - 100.0) * 1e9),
            monotonic=lambda: self.now,
            sleep=self.sleep,
            eight_bytes=lambda: next(ids).to_bytes(8, "big"),
            chance=lambda: chance,
            thread=self.no_thread,
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @staticmethod
    def no_thread(work: Callable[[], None]) -> Thread:
        return Unstartable()


class Unstartable:
    """A thread as the interpreter has them while it ends."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread")

    def join(self, timeout: float | None = None) -> None:
        raise AssertionError("never started")


def eventually(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for another process or thread to make something true."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come true")


def planned(answers: Iterable[Any] = (), **settings: Any) -> tuple[Client, MemoryTransport, Clock]:
    """A client over memory that first gives these answers, without threads or real time."""
    clock = Clock()
    memory = MemoryTransport(answers)
    client = Client(transport=memory, settings=Settings(**settings), world=clock.world)
    return client, memory, clock


def answer(status: int, retry_after: str | None = None, **body: Any) -> Reply:
    return Reply(status, retry_after, body or None)
