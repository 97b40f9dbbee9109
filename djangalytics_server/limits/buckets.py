"""Token buckets. Pure: the clock is passed in, and nothing else is known.

A bucket refills at ``rate`` tokens a second until it is full: with ``rate * WINDOW`` where nothing
else is said. Whoever finds anything in it may take, and what is taken beyond its content is owed:
nobody goes before it is paid back. So a request is judged before it has cost anything, and over
time no more passes than the rate.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

WINDOW = 60
"""A full bucket holds what comes in so many seconds."""

MOST = 10_000
"""Buckets that are remembered. Beyond, those that are full again are forgotten, then the oldest."""


class Buckets:
    """Buckets of one rate by name. ``rate`` 0 means no limit. The clock gives seconds."""

    def __init__(self, rate: float, clock: Callable[[], float], full: float | None = None) -> None:
        self.rate, self.full = rate, rate * WINDOW if full is None else full
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, float]] = {}
        self._spent: dict[str, float] = {}

    def wait(self, name: str) -> int:
        """In how many seconds something will be in the bucket; 0: it is not empty."""
        if not self.rate:
            return 0
        content = self.content(name)
        return 0 if content > 0 else max(1, math.ceil(-content / self.rate))

    def charge(self, name: str, cost: float) -> float:
        """Take so many tokens, be they there or not; what is in the bucket then."""
        if not self.rate:
            return self.full
        with self._lock:
            left = self.content(name) - cost
            self._set(name, left)
            self._spent[name] = self._spent.get(name, 0.0) + cost
        return left

    def content(self, name: str) -> float:
        """What is in the bucket; less than nothing is owed."""
        known = self._known.get(name)
        if known is None:
            return self.full
        content, then = known
        return min(self.full, content + max(0.0, self._clock() - then) * self.rate)

    def spent(self) -> dict[str, float]:
        """What was charged since this was last asked."""
        with self._lock:
            spent, self._spent = self._spent, {}
        return spent

    def correct(self, name: str, content: float) -> None:
        """The bucket's content as all processes together have it, before what is not told yet."""
        with self._lock:
            self._set(name, content - self._spent.get(name, 0.0))

    def _set(self, name: str, content: float) -> None:
        if len(self._known) >= MOST and name not in self._known:
            self._make_room()
        self._known[name] = content, self._clock()

    def _make_room(self) -> None:
        full = [name for name in self._known if self.content(name) >= self.full]
        for name in full or list(self._known)[: MOST // 10]:
            del self._known[name]
            self._spent.pop(name, None)
