"""What senders sent and were refused, counted in memory: exact, whatever threads count at once."""

from __future__ import annotations

import threading
from collections import Counter

from djangalytics_server.model.sending import Sent

Limited = tuple[int, str]
"""A project, and which bucket was empty ("key", "address", "project"); or "origin": a page that may
not.
"""
_Sender = tuple[int, str]
"""A project, and how the key begins; empty without one."""
_REFUSED = {"key": 2, "address": 3, "project": 4}


class Tally:
    """Counts by project and key: [requests, events, refused by key, by address, by project]."""

    def __init__(self) -> None:
        self.counts: dict[_Sender, list[int]] = {}
        self.noted: Counter[Limited] = Counter()
        self._lock = threading.Lock()

    def passed(self, project_id: int, key_prefix: str | None, events: int) -> None:
        """A request that was let through, of so many events."""
        with self._lock:
            counts = self._of(project_id, key_prefix)
            counts[0] += 1
            counts[1] += events

    def refused(self, project_id: int, key_prefix: str | None, kind: str) -> None:
        """A request that was too fast for the "key", the "address" or the "project"."""
        with self._lock:
            self._of(project_id, key_prefix)[_REFUSED[kind]] += 1

    def note(self, project_id: int, why: str) -> None:
        """A request that was refused for another reason than its pace."""
        with self._lock:
            self.noted[project_id, why] += 1

    def taken(self) -> Tally:
        """What was counted since this was last asked."""
        taken = Tally()
        with self._lock:
            taken.counts, self.counts = self.counts, {}
            taken.noted, self.noted = self.noted, Counter()
        return taken

    def add(self, more: Tally) -> None:
        """Count these too."""
        with self._lock:
            self.noted.update(more.noted)
            for (project_id, key_prefix), counts in more.counts.items():
                known = self._of(project_id, key_prefix)
                known[:] = [have + new for have, new in zip(known, counts, strict=True)]

    def by_project(self) -> dict[int, list[Sent]]:
        """The counts, by project."""
        found: dict[int, list[Sent]] = {}
        for (project_id, key_prefix), counts in self.counts.items():
            found.setdefault(project_id, []).append(Sent(key_prefix, *counts))
        return found

    def limited(self) -> dict[Limited, int]:
        """Refused requests by project and why."""
        sums = Counter(self.noted)
        for (project_id, _), counts in self.counts.items():
            for kind, place in _REFUSED.items():
                sums[project_id, kind] += counts[place]
        return {limited: n for limited, n in sums.items() if n}

    def _of(self, project_id: int, key_prefix: str | None) -> list[int]:
        return self.counts.setdefault((project_id, key_prefix or ""), [0, 0, 0, 0, 0])
