"""One request's walk through the application: Waitress's WSGI task, with our two additions."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from wsgiref.util import FileWrapper

from waitress.task import WSGITask  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from djangalytics_server.front.connection import Connection

Take = Callable[[socket.socket, bytes], None]
"""Is given a non-blocking socket that is its own from now on, and bytes already read from it."""

DETACH = "djangalytics.detach"
"""The environ key under which an application finds ``detach(take: Take) -> None``."""


class Task(WSGITask):  # type: ignore[misc]
    """Announces the end of connections while draining, and lets the application take a socket."""

    channel: Connection

    def get_environment(self) -> dict[str, Any]:
        """Build the WSGI environ."""
        environ: dict[str, Any] = super().get_environment()
        environ["wsgi.file_wrapper"] = FileWrapper
        environ[DETACH] = self._detach
        return environ

    def write(self, data: bytes) -> None:
        """Send `data` at once, as WSGI asks, unless it completes the answer (then _finish does)."""
        super().write(b"" if self.request.command == "HEAD" else data)
        if data and self.content_bytes_written != self.content_length:
            self.channel.flush()

    def build_response_header(self) -> bytes:
        """Write the head, which announces the end of the connection when the server is stopping."""
        if self.channel.last_request:
            self.set_close_on_finish()
        head: bytes = super().build_response_header()
        return head

    def finish(self) -> None:
        """End the response; there is none when the application took the socket."""
        if self.channel.take is not None:
            return
        if self.request.command == "HEAD":
            self.write(b"")
        else:
            super().finish()

    def _detach(self, take: Take) -> None:
        self.channel.take = take
