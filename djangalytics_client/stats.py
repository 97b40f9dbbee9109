"""Where every event went. At any moment, for every client:

tracked == queued + sent + duplicates + all of rejected + all of lost
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

_MOST_REASONS = 64
"""Codes come from the network too: past so many different ones, the rest is counted as `other`."""


@dataclass(frozen=True)
class Stats:
    """Counts since the client was made (in a forked child: since the fork)."""

    tracked: int
    """Events given to ``track()`` and ``identify()``."""
    queued: int
    """In memory now: waiting, or on their way without an answer yet."""
    sent: int
    """Accepted by the server, new to it."""
    duplicates: int
    """Known to the server already: stored once, earlier."""
    rejected: Mapping[str, int]
    """Refused one by one by the server, which keeps them with the reason: by code."""
    lost: Mapping[str, int]
    """Never stored: by reason. `rejected:<code>` was refused here, before it was queued."""


class Outcome:
    """How the events of one answered request ended."""

    __slots__ = ("duplicates", "lost", "rejected", "sent")

    def __init__(
        self,
        sent: int = 0,
        duplicates: int = 0,
        rejected: Mapping[str, int] | None = None,
        lost: Mapping[str, int] | None = None,
    ) -> None:
        self.sent = sent
        self.duplicates = duplicates
        self.rejected = rejected or {}
        self.lost = lost or {}


class Tally:
    """The counts behind Stats, and the bound of the queue.

    The lock is held for a few assignments and never during I/O. It is re-entrant, so a signal
    handler that tracks while it interrupts ``track()`` in the same thread goes through.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.tracked = self.admitted = self.settled = 0
        self.weight = 0
        self._abandoned = False
        self._sent = self._duplicates = 0
        self._rejected: dict[str, int] = {}
        self._lost: dict[str, int] = {}

    def refuse(self, reason: str) -> None:
        """Count one event that was tracked and not queued."""
        with self.lock:
            self.tracked += 1
            _add(self._lost, reason, 1)

    def settle(self, count: int, weight: int, outcome: Outcome) -> None:
        """Count ``count`` queued events as ended; the outcome accounts for each of them."""
        with self.lock:
            if self._abandoned:
                return  # counted as lost already
            self.settled += count
            self.weight -= weight
            self._sent += outcome.sent
            self._duplicates += outcome.duplicates
            for code, number in outcome.rejected.items():
                _add(self._rejected, code, number)
            for reason, number in outcome.lost.items():
                _add(self._lost, reason, number)

    def abandon(self, reason: str) -> int:
        """Count all that is queued as lost, whatever becomes of it later -> how many that are."""
        with self.lock:
            left = self.admitted - self.settled
            if left:
                self.settle(left, self.weight, Outcome(lost={reason: left}))
            self._abandoned = True
            return left

    def snapshot(self) -> Stats:
        """A consistent copy of the counts."""
        with self.lock:
            return Stats(
                self.tracked,
                self.admitted - self.settled,
                self._sent,
                self._duplicates,
                dict(self._rejected),
                dict(self._lost),
            )


def _add(counts: dict[str, int], key: str, number: int) -> None:
    if key not in counts and len(counts) >= _MOST_REASONS:
        key = "other"
    counts[key] = counts.get(key, 0) + number
