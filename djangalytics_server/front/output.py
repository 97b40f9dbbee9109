"""The bytes on their way to one client: queued by any thread, sent without blocking."""

from __future__ import annotations

import socket
import threading

HIGH_WATER = 1024 * 1024
"""Unsent bytes at which the application waits for its reader."""


class Gone(Exception):
    """The client left before its answer was written."""


class Output:
    """A queue of bytes for a non-blocking socket.

    Methods ending in ``_locked`` are for holders of ``lock``, which the connection shares for what
    must change together with the output.
    """

    def __init__(self, sock: socket.socket, patience: float) -> None:
        self.lock = threading.Lock()
        self.size = 0
        self.stalled = False
        self.broken = False
        self._sock = sock
        self._patience = patience
        self._queue: list[bytes] = []
        self._room = threading.Condition(self.lock)

    def push_locked(self, data: bytes) -> None:
        """Queue `data`; raise Gone when the connection is over."""
        if self.broken:
            raise Gone
        if data:
            self._queue.append(data)
            self.size += len(data)

    def flush_locked(self) -> bool:
        """Send what the socket takes; return whether any byte went."""
        if not self._queue or self.broken:
            return False
        data = self._queue[0] if len(self._queue) == 1 else b"".join(self._queue)
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.break_locked()
            return False
        rest = data[sent:]
        self._queue = [rest] if rest else []
        self.size = len(rest)
        self.stalled = bool(rest)
        if sent:
            self._room.notify_all()
        return sent > 0

    def break_locked(self) -> None:
        """Forget everything and let go of whoever waits."""
        self.broken = True
        self._queue, self.size, self.stalled = [], 0, False
        self._room.notify_all()

    def wait_for_room(self) -> None:
        """Wait until the reader has caught up; raise Gone when it leaves or takes nothing."""
        with self.lock:
            while self.size > HIGH_WATER:
                before = self.size
                self._room.wait(self._patience)
                if self.size == before:
                    self.break_locked()
            if self.broken:
                raise Gone
