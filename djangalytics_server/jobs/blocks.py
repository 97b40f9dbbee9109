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
"""So many times as long as it worked it rests: whoever sends has the interpreter most of the time.
"""
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
                begin = time.monotonic()
                if not self._store.make_block(anew=anew):
                    return
                self._ended.wait(REST * (time.monotonic() - begin))
        except Unavailable as error:  # the next time will do
            _log.warning("events were not laid down by columns: %s", error)
