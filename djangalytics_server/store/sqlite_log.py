"""SQLite's write-ahead log, which begins anew only when nobody reads what lies in it.

Long questions that overlap keep it from that for as long as they come, and it grows by all that is
written. So whoever would begin a long read while the log is long waits until the others have ended,
and folds it into the file; no new ones begin meanwhile, as all of them wait for the same.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from djangalytics_server.store.sqlite_file import CONNECT, IMPATIENT, set_up, write_lock

LONG_BYTES = 256 * 1024 * 1024
"""From here on the log is long: to fold what nobody could fold before takes some tenths of a
second, in which nobody writes."""
PATIENCE_SECONDS = 10.0
"""How long a read waits for others to end; then it begins nevertheless."""
REST_SECONDS = 30.0
"""How long nobody waits after that."""
_LOOK_SECONDS = 0.05
_logger = logging.getLogger(__name__)


class Log:
    """The log of one file, whoever writes it; for any number of threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folding = threading.Lock()
        self._rest_until = 0.0

    def make_room(self, gone: Callable[[], bool]) -> None:
        """See ``base.Reader.make_room``."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self._is_long() and time.monotonic() > self._rest_until and not gone():
            if self._is_folded():
                return
            if time.monotonic() > end:
                self._rest_until = time.monotonic() + REST_SECONDS
                return
            time.sleep(_LOOK_SECONDS)

    def _is_long(self) -> bool:
        try:
            return self._path.with_name(self._path.name + "-wal").stat().st_size > LONG_BYTES
        except FileNotFoundError:
            return False

    def _is_folded(self) -> bool:
        """Try it, unless another thread does; whether the log is all in the file, and empty."""
        if not self._folding.acquire(blocking=False):
            return False
        try:
            with write_lock(self._path), closing(sqlite3.connect(self._path, **CONNECT)) as one:
                set_up(one)
                one.execute(IMPATIENT)  # who reads is not waited for while nobody can write
                [busy, *_] = one.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite3.Error, OSError) as error:
            _logger.warning("the log could not be folded into the file: %s", error)
            return False
        finally:
            self._folding.release()
        return not busy
