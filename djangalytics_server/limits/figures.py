"""What was sent and what was too fast: counted in memory, written now and then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from djangalytics_server.errors import Unavailable
from djangalytics_server.limits.limiter import Limiter
from djangalytics_server.limits.tally import Tally

EVERY_SECONDS = 5.0
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Figures:
    """Has a limiter's counts written by a thread of its own; ``close`` writes the last."""

    def __init__(self, limiter: Limiter, write: Callable[[Tally], None]) -> None:
        self._limiter = limiter
        self._write = write
        self._waiting = Tally()
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
        self._waiting.add(self._limiter.tally.taken())
        if not self._waiting.counts and not self._waiting.noted:
            return
        try:
            self._write(self._waiting)
        except Unavailable as error:  # they wait for the next time
            _log.warning("cannot note how much was sent: %s", error)
            return
        self._waiting = Tally()
