"""When each key and session was last used: noted beside the requests, and rarely.

A request only puts a number into a queue. A thread of its own writes it, once a minute and key at
most, once in five minutes and session, so that no request waits for a transaction that is not its
own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from djangalytics_server.model.event import MICROSECONDS

RARELY = 60 * MICROSECONDS
VISITS_RARELY = 300 * MICROSECONDS
_PATIENCE_SECONDS = 5.0


class KeyUsage:
    """Notes uses of keys, or of sessions; one a process. ``close`` writes what is waiting.

    ``write`` is called in the thread with an id and the moment, in microseconds; it may wait.
    ``rarely`` is how long, in microseconds, a use that is noted is enough.
    """

    def __init__(self, write: Callable[[int, int], None], rarely: int = RARELY) -> None:
        self._write = write
        self._rarely = rarely
        self._noted: dict[int, int] = {}
        self._waiting: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def note(self, key_id: int, last_used_at: int | None, now: int) -> None:
        """The key was used now; ``last_used_at`` is what the catalog says. Returns at once."""
        last = max(self._noted.get(key_id, 0), last_used_at or 0)
        if abs(now - last) < self._rarely:
            return
        self._noted[key_id] = now
        self._waiting.put((key_id, now))
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """Write what is waiting, and end."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_PATIENCE_SECONDS)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (use := self._waiting.get()) is not None:
            self._write(*use)
