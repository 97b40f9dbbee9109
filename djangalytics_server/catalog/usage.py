"""When each key was last used: noted beside the requests, and rarely.

A request only puts a number into a queue. A thread of its own writes it, once a minute and key at
most, so that no capture waits for a transaction that is not its own.
"""

from __future__ import annotations

import logging
import queue
import threading

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from djangalytics_server.catalog import keys
from djangalytics_server.catalog.keys import KeyFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.model.event import MICROSECONDS

RARELY = 60 * MICROSECONDS
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class KeyUsage:
    """Notes uses of keys; one a process. ``close`` writes what is waiting."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._noted: dict[int, int] = {}
        self._waiting: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def note(self, key: KeyFacts, now: int) -> None:
        """The key was used now; returns at once."""
        last = max(self._noted.get(key.id, 0), key.last_used_at or 0)
        if abs(now - last) < RARELY:
            return
        self._noted[key.id] = now
        self._waiting.put((key.id, now))
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
                self._thread = threading.Thread(target=self._run, name="key-usage", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (use := self._waiting.get()) is not None:
            try:
                with Session(self._engine) as session, writing(session):
                    keys.used(session, dict([use]))
            except DatabaseError as error:
                # Events matter more than this: the next use in a minute tries again.
                _log.warning("cannot note when key %d was last used: %s", use[0], error.orig)
