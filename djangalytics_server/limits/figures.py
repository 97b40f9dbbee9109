"""How many requests were refused for being too fast: counted in memory, written now and then."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping

from djangalytics_server.errors import Unavailable
from djangalytics_server.limits.limiter import Limited, Limiter

EVERY_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Figures:
    """Has a limiter's refusals written by a thread of its own; ``close`` writes the last."""

    def __init__(self, limiter: Limiter, write: Callable[[Mapping[Limited, int]], None]) -> None:
        self._limiter = limiter
        self._write = write
        self._waiting: Counter[Limited] = Counter()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limit-figures", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is waiting, and end."""
        self._ended.set()
        self._thread.join(_PATIENCE_SECONDS)

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self._note()
        self._note()

    def _note(self) -> None:
        self._waiting.update(self._limiter.refused_since())
        if not self._waiting:
            return
        try:
            self._write(self._waiting)
        except Unavailable as error:  # they wait for the next time
            _log.warning("cannot note how many requests were refused: %s", error)
            return
        self._waiting.clear()
