"""How much of a process's time goes to something that others can do as well."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Allowance:
    """Seconds that come by and by, a ``share`` of the clock's, and gather up to ``most``.

    They may be overspent once; then there is nothing until that has come in again.
    """

    def __init__(
        self, share: float, most: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._share, self._most, self._clock = share, most, clock
        self._left, self._moment = most, clock()
        self._turn = threading.Lock()

    def is_left(self) -> bool:
        """Whether something of it is there."""
        return self.spend(0.0) > 0

    def spend(self, seconds: float) -> float:
        """What is left afterwards; below zero if it was not enough."""
        with self._turn:
            moment = self._clock()
            come = (moment - self._moment) * self._share
            self._left = min(self._most, self._left + come) - seconds
            self._moment = moment
            return self._left
