"""One request's walk through the application: Waitress's WSGI task, with our two additions."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from wsgiref.util import FileWrapper

from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]
from waitress.task import WSGITask  # type: ignore[import-untyped]

from djangalytics_server.front import refusals
from djangalytics_server.front.output import Gone

if TYPE_CHECKING:
    from djangalytics_server.front.connection import Connection

log = logging.getLogger("djangalytics_server.front")

_LINK = "/login/"

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


def answer(connection: Connection, request: HTTPRequestParser) -> bool:
    """Run the application for a request and send its answer; whether the connection goes on."""
    began = time.monotonic()
    task = Task(connection, request)
    keep = False
    try:
        task.service()
        keep = not task.close_on_finish
    except Gone:
        log.debug("%s left before its answer", connection.addr[0])
    except (Exception, SystemExit) as error:
        log.error("%s %r failed: %r", request.command, _shown(request.path), error)
        log.debug("the failure in full", exc_info=True)
        if not task.wrote_header:
            connection.send(refusals.INTERNAL.response(head_only=request.command == "HEAD"))
    finally:
        request.close()
    if log.isEnabledFor(logging.DEBUG):
        spent = (time.monotonic() - began) * 1000
        line = (connection.addr[0], request.command, _shown(request.path), task.status[:3], spent)
        log.debug("%s %s %r %s %.0f ms", *line)
    return keep


def _shown(path: str) -> str:
    """A path as the log may have it: that of a sign-in link is a secret."""
    return f"{_LINK}…" if path.startswith(_LINK) else path
