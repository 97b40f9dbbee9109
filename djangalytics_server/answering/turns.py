"""How many heavy questions are answered at once, and how many may wait for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from djangalytics_server.errors import QuestionTimedOut

AT_A_TIME = 2
"""How many questions one process answers at once: more would take the time from those who send."""
WAITING = 6
"""How many more may wait: each holds one of the threads that large batches need, too."""
PATIENCE_SECONDS = 10.0
"""How long a question waits for others."""
_LOOK_SECONDS = 0.1


class Turns:
    """Places for questions of one kind; whom they have no room for goes to those ``beyond``."""

    def __init__(
        self, at_a_time: int = AT_A_TIME, waiting: int = WAITING, beyond: Turns | None = None
    ) -> None:
        self._beyond = beyond
        self._places = threading.BoundedSemaphore(at_a_time)
        self._room = threading.BoundedSemaphore(at_a_time + waiting)

    @contextmanager
    def turn(self, gone: Callable[[], bool]) -> Iterator[None]:
        """One of the places, waited for; raises QuestionTimedOut.

        ``gone`` says whether whoever asked has left.
        """
        if not self._room.acquire(blocking=False):
            if self._beyond is None:
                raise _busy(2)
            with self._beyond.turn(gone):
                yield
            return
        try:
            self._wait(gone)
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._room.release()

    def _wait(self, gone: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._places.acquire(timeout=_LOOK_SECONDS):
            if gone():
                raise left()
            if time.monotonic() > end:
                raise _busy(10)


def left() -> QuestionTimedOut:
    """The error of a question that nobody waits for any more."""
    return QuestionTimedOut("Whoever asked has left.", retry_after=1)


def _busy(seconds: int) -> QuestionTimedOut:
    words = "Too many other questions are being answered."
    return QuestionTimedOut(words, retry_after=seconds)
