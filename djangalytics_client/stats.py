"""Where every event went. At any moment, for every client:

tracked == queued + sent + duplicates + rejected + lost + spooled + dropped (each summed up)
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

DROPPED = "dropped:"
_MOST_REASONS = 64
"""Codes come from the network too: past so many different ones, the rest is counted as `other`."""


class Stats(NamedTuple):
    """Counts since the client was made (in a forked child: since the fork)."""

    tracked: int
    """Events given to ``track()`` and ``identify()``."""
    queued: int
    """In memory or in the spool now: waiting, or on their way without an answer yet."""
    sent: int
    """Accepted by the server, new to it."""
    duplicates: int
    """Known to the server already: stored once, earlier."""
    rejected: Mapping[str, int]
    """Refused one by one by the server, which keeps them with the reason: by code."""
    lost: Mapping[str, int]
    """Never stored: by reason. `rejected:<code>` was refused here, before it was queued."""
    spooled: int = 0
    """Left in the spool by ``shutdown()``: the next process sends them."""
    replayed: Mapping[str, int] = MappingProxyType({})
    """Events of earlier processes, found in the spool: how they ended. Not among ``tracked``.
    `sent`, `duplicates`, `rejected:<code>`, `refused:<code>`, and `damaged`: not readable."""
    dropped: Mapping[str, int] = MappingProxyType({})
    """Left out on purpose: by `sampled_out`, `before_send`, `dry_run`."""


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
    """The counts behind Stats.

    Callers of ``track()`` take no lock and never wait. What they count, they count in single
    additions: Python lets no other thread and no signal handler in between the reading and the
    writing of one that calls nothing. How events end is counted under the lock, which is held for
    a few assignments, never during I/O, and is re-entrant, so that a signal handler may ask.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.admitted = self.settled = 0
        """Events that were queued since the beginning, and those of them that have ended."""
        self.weight = 0
        """Bytes of those that have not."""
        self._abandoned: str | None = None
        self._sent = self._duplicates = self._spooled = 0
        self._refused: dict[str, int] = {}  # those that never came to be queued
        self._rejected: dict[str, int] = {}
        self._lost: dict[str, int] = {}
        self._replayed: dict[str, int] = {}
        self._dropped: dict[str, int] = {}

    def admit(self, size: int) -> None:
        """Count an event of so many bytes that is about to be queued."""
        if self._abandoned is None:
            self.admitted += 1
            self.weight += size
        else:
            _add(self._refused, self._abandoned, 1)

    def refuse(self, reason: str) -> None:
        """Count an event that was tracked and is not queued; a reason that begins with DROPPED is
        on purpose."""
        if reason.startswith(DROPPED):
            _add(self._dropped, reason.removeprefix(DROPPED), 1)
        else:
            _add(self._refused, reason, 1)

    def settle(self, count: int, weight: int, outcome: Outcome) -> None:
        """Count ``count`` queued events as ended; the outcome accounts for each of them."""
        with self.lock:
            if self._abandoned is None:  # else they are counted as lost already
                self._settle(count, weight, outcome)

    def _settle(self, count: int, weight: int, outcome: Outcome) -> None:
        self.settled += count
        self.weight -= weight
        self._sent += outcome.sent
        self._duplicates += outcome.duplicates
        for code, number in outcome.rejected.items():
            _add(self._rejected, code, number)
        for reason, number in outcome.lost.items():
            _add(self._lost, reason, number)

    def settle_missing(self, count: int, reason: str) -> None:
        """Count events as lost that were queued and are not there any more."""
        with self.lock:
            others = self.admitted - self.settled - count
            self.settle(count, 0 if others else self.weight, Outcome(lost={reason: count}))

    def replay(self, outcome: Outcome) -> None:
        """Count events of earlier processes as ended."""
        with self.lock:
            for name, number in (("sent", outcome.sent), ("duplicates", outcome.duplicates)):
                if number:
                    _add(self._replayed, name, number)
            for code, number in outcome.rejected.items():
                _add(self._replayed, f"rejected:{code}", number)
            for reason, number in outcome.lost.items():
                _add(self._replayed, reason, number)

    def abandon(self, reason: str, spooled: int = 0) -> int:
        """Count what is queued as ended, whatever becomes of it later: so many as spooled, the
        rest as lost -> how many are lost."""
        with self.lock:
            self._abandoned = reason  # first: from here on nothing is admitted
            left = self.admitted - self.settled
            lost = max(0, left - spooled)
            if left:
                self._spooled = left - lost
                self._settle(left, self.weight, Outcome(lost={reason: lost} if lost else {}))
            return lost

    def damaged(self, count: int) -> None:
        """Count events of earlier processes that could not be read."""
        with self.lock:
            _add(self._replayed, "damaged", count)

    def left_nothing(self) -> bool:
        """Whether no event is left in the spool."""
        with self.lock:
            return self.admitted == self.settled and not self._spooled

    def losses(self) -> dict[str, int]:
        """Events lost so far, by reason."""
        with self.lock:
            return self._all_lost(self._refused.copy())

    def snapshot(self) -> Stats:
        """A consistent copy of the counts."""
        with self.lock:
            admitted, refused, dropped = self.admitted, self._refused.copy(), self._dropped.copy()
            return Stats(
                admitted + sum(refused.values()) + sum(dropped.values()),
                admitted - self.settled,
                self._sent,
                self._duplicates,
                dict(self._rejected),
                self._all_lost(refused),
                self._spooled,
                dict(self._replayed),
                dropped,
            )

    def _all_lost(self, refused: dict[str, int]) -> dict[str, int]:
        lost = dict(self._lost)
        for reason, number in refused.items():
            _add(lost, reason, number)
        return lost


def _add(counts: dict[str, int], key: str, number: int) -> None:
    if key not in counts and len(counts) >= _MOST_REASONS:
        key = "other"
    counts.setdefault(key, 0)
    counts[key] += number  # no call in between: a signal handler may count over this, too
