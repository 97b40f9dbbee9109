"""What is done by the clock: raw events that are kept no longer are removed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from sqlalchemy.exc import DatabaseError

from djangalytics_server.catalog import retention
from djangalytics_server.errors import Unavailable
from djangalytics_server.store.base import Store

FIRST_SECONDS = 60.0
EVERY_SECONDS = 600.0
PAUSE_SECONDS = 0.1
"""Between two transactions: ingest has the database at least half of the time."""

_log = logging.getLogger(__name__)


class Sweeper:
    """Applies each project's retention by a thread of its own, until ``close``.

    ``kept`` gives the days by project, ``clock`` microseconds since 1970 UTC. Several processes may
    each have one: what one removes the others find gone.
    """

    def __init__(
        self, store: Store, kept: Callable[[], Mapping[int, int]], clock: Callable[[], int]
    ) -> None:
        self._store, self._kept, self._clock = store, kept, clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, after the transaction that is under way."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        wait = FIRST_SECONDS
        while not self._ended.wait(wait):
            self._sweep()
            wait = EVERY_SECONDS

    def _sweep(self) -> None:
        try:
            for project_id, days in self._kept().items():
                before = retention.cutoff(days, self._clock())
                gone = self._store.expire(project_id, before, self._goes_on)
                if gone:
                    _log.info("project %d: %d events older than %d days", project_id, gone, days)
        except (Unavailable, DatabaseError) as error:  # the next time will do
            _log.warning("raw events that are kept no longer were not removed: %s", error)

    def _goes_on(self, _gone: int) -> bool:
        return not self._ended.wait(PAUSE_SECONDS)
