"""Time, chance and threads, as arguments: tests pass their own."""

from __future__ import annotations

import os
import random
import struct
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol


class Thread(Protocol):
    """What the outbox needs of a thread."""

    def start(self) -> None:
        """Begin; RuntimeError when the interpreter starts no more threads."""

    def join(self, timeout: float | None = None) -> None:
        """Wait up to ``timeout`` seconds for the end."""


def daemon(work: Callable[[], None]) -> Thread:
    """Give an unstarted thread that never keeps the process alive."""
    try:
        return threading.Thread(target=work, name="djangalytics", daemon=True)
    except RuntimeError:  # an isolated subinterpreter has none, and says so here
        return _NoThread()


class _NoThread:
    """In the place of a thread that there cannot be."""

    def start(self) -> None:
        """As a thread says it at the interpreter's end."""
        raise RuntimeError("no daemon threads in this interpreter")

    def join(self, timeout: float | None = None) -> None:
        """Nothing runs."""


_EIGHTS = struct.Struct("8s" * 2048)
_random_eights: list[bytes] = []


def eight_random_bytes() -> bytes:
    """Bytes of os.urandom, fetched for 2,048 calls at a time: a system call costs more than the
    rest of an insert id, and lets other threads have the interpreter before it is back: with eight
    that track, for as many turns. Emptied in a forked child, so that no two processes share any.
    """
    try:
        return _random_eights.pop()
    except IndexError:
        fresh: tuple[bytes, ...] = _EIGHTS.unpack(os.urandom(_EIGHTS.size))
        _random_eights.extend(fresh[1:])
        return fresh[0]


def sixteen_random_bytes() -> bytes:
    """Bytes of os.urandom, to name something by."""
    return os.urandom(16)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random_eights.clear)


class World(NamedTuple):
    """Where the client gets everything that is not decided by its input."""

    time_ns: Callable[[], int] = time.time_ns
    """Nanoseconds since 1970 UTC."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds that never run backwards."""
    sleep: Callable[[float], None] = time.sleep
    """Wait so many seconds (used only where no worker thread can run)."""
    eight_bytes: Callable[[], bytes] = eight_random_bytes
    """Eight random bytes, for an insert id."""
    sixteen_bytes: Callable[[], bytes] = sixteen_random_bytes
    """Sixteen random bytes, to name a producer."""
    chance: Callable[[], float] = random.random
    """A number in [0, 1) that spreads retries out."""
    thread: Callable[[Callable[[], None]], Thread] = daemon
    """An unstarted thread for some work."""
