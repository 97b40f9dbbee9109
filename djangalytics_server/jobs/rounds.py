"""Work that is done beside the requests: by the clock, and when somebody asks."""

from __future__ import annotations

import threading


class Rounds:
    """A thread that works every so many seconds, or sooner when woken, until ``close``."""

    def __init__(self, name: str, *, first: float, every: float) -> None:
        self._first, self._every = first, every
        self._ended, self._asked = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now: somebody asked."""
        self._asked.set()

    def close(self) -> None:
        """End, after the transaction that is under way; the next start goes on."""
        self._ended.set()
        self._asked.set()
        self._thread.join()

    def work(self) -> None:
        """One round; it looks at ``_ended`` where it may stop."""
        raise NotImplementedError

    def _run(self) -> None:
        wait = self._first
        while True:
            self._asked.wait(wait)
            self._asked.clear()
            if self._ended.is_set():
                return
            self.work()
            wait = self._every
