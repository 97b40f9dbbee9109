"""How much of a process's time goes to what it is there for, beside something that can wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_STEP_SECONDS = 0.1
"""What it was over so long, at least, is what it is until it has been looked at again."""


class Load:
    """The share of the clock's seconds that this process has spent on the processor.

    Work that could be done elsewhere is told to ``spend`` and does not count: it takes the
    place of what is missing, and would seem to be the reason for itself.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock, self._used = clock, used
        self._turn = threading.Lock()
        self._mark, self._used_then = clock(), used()
        self._elsewhere = self._share = 0.0

    def share(self) -> float:
        """Of late: between the two last looks that were a step apart."""
        with self._turn:
            passed = (moment := self._clock()) - self._mark
            if passed >= _STEP_SECONDS:
                used = self._used()
                self._share = (used - self._used_then - self._elsewhere) / passed
                self._mark, self._used_then, self._elsewhere = moment, used, 0.0
            return self._share

    def spend(self, seconds: float) -> None:
        """So much of the processor's time went to something that could be done elsewhere."""
        with self._turn:
            self._elsewhere += seconds
