"""The events of deleted projects go beside the requests, portion by portion.

A project is out of sight in the transaction that deletes it. Events that were under way to it by
then (a worker believes its look-up for a moment, a queue is being written) are looked for once
more afterwards, and again at every start, for as long as its row stays: for ever.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from djangalytics_server.errors import StoreUnavailable

LATE_SECONDS = 5.0
"""How long after a deletion events may still come in: more than any look-up is believed."""
_PATIENCE_SECONDS = 10.0
_log = logging.getLogger(__name__)


def remove_now(remove: Callable[[int], int], project_id: int) -> int:
    """Remove everything of a project; how many events that were."""
    total = 0
    while removed := remove(project_id):
        total += removed
    return total


class Removals:
    """One thread that removes what deleted projects left; it begins when there is something."""

    def __init__(self, remove: Callable[[int], int]) -> None:
        self._remove = remove
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, project_ids: Sequence[int], *, late: float = LATE_SECONDS) -> None:
        """Remove all of these projects now, and what came late once more; returns at once."""
        if not project_ids:
            return
        thread = threading.Thread(
            target=self._run, args=(tuple(project_ids), late), name="removals", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Stop between two portions; the next start goes on."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)

    def _run(self, project_ids: tuple[int, ...], late: float) -> None:
        try:
            for pause in (0.0, late):
                if self._stop.wait(pause):
                    return
                for project_id in project_ids:
                    self._remove_all(project_id)
        except StoreUnavailable as error:
            _log.error("a deleted project still has events; the next start removes them: %s", error)

    def _remove_all(self, project_id: int) -> None:
        removed = 0
        while not self._stop.is_set():
            portion = self._remove(project_id)
            if not portion:
                break
            removed += portion
        if removed:
            _log.info("removed %d events of the deleted project %d", removed, project_id)
