"""By the clock: events that have come are laid down by columns, one process at a time or two."""

from __future__ import annotations

import logging
import time

from djangalytics_server.errors import Unavailable
from djangalytics_server.jobs.rounds import Rounds
from djangalytics_server.store.base import Store

FIRST_SECONDS = 5.0
EVERY_SECONDS = 5.0
REST = 3
"""So many times as long as it worked it rests, where nobody else wanted the processor meanwhile."""
MOST_REST_SECONDS = 60.0
CALM_ROUNDS = 12
"""After so many rounds what was thrown away is made anew: who removes events may be at it still."""

_log = logging.getLogger(__name__)


class BlockMaker(Rounds):
    """Makes blocks by a thread of its own, until ``close``.

    What two processes make at once one of them throws away.
    """

    def __init__(
        self, store: Store, *, first: float = FIRST_SECONDS, every: float = EVERY_SECONDS
    ) -> None:
        self._store = store
        self._rounds = 0
        super().__init__("blocks", first=first, every=every)

    def work(self) -> None:
        """See ``Rounds.work``."""
        self._rounds += 1
        anew = self._rounds % CALM_ROUNDS == 0
        try:
            while not self._ended.is_set():
                begin, spent = time.monotonic(), time.thread_time()
                if not self._store.make_block(anew=anew):
                    return
                taken = time.monotonic() - begin
                self._ended.wait(rest_after(taken, time.thread_time() - spent))
        except Unavailable as error:  # the next time will do
            _log.warning("events were not laid down by columns: %s", error)


def rest_after(taken: float, spent: float) -> float:
    """Seconds of rest after work that took so many, of which it had the processor so many.

    The longer others kept it waiting, the longer it rests: whoever sends comes first.
    """
    return min(REST * taken * max(1.0, taken / max(spent, 0.001)), MOST_REST_SECONDS)
