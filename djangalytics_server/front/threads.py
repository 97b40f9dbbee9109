"""The threads that run the application, fed by one queue."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

log = logging.getLogger("djangalytics_server.front")


class Threads:
    """`count` daemon threads; a job that fails is logged and its thread goes on.

    ``waited`` is how many seconds the job begun last had waited for its thread.
    """

    def __init__(self, count: int) -> None:
        self.waited = 0.0
        self._jobs: queue.SimpleQueue[tuple[float, Callable[[], None]] | None] = queue.SimpleQueue()
        self._all = [
            threading.Thread(target=self._work, name=f"front-{number}", daemon=True)
            for number in range(count)
        ]

    @property
    def waiting(self) -> int:
        """How many jobs no thread has begun, about."""
        return self._jobs.qsize()

    def put(self, job: Callable[[], None]) -> None:
        """Queue a job."""
        self._jobs.put((time.monotonic(), job))

    def start(self) -> None:
        """Begin working."""
        for thread in self._all:
            thread.start()

    def stop(self, wait: float) -> None:
        """End the threads once the queue is empty; wait up to `wait` seconds for each."""
        for _ in self._all:
            self._jobs.put(None)
        for thread in self._all:
            thread.join(wait)

    def _work(self) -> None:
        while (entry := self._jobs.get()) is not None:
            came, job = entry
            self.waited = time.monotonic() - came
            try:
                job()
            except Exception:
                log.exception("a request's thread failed")
