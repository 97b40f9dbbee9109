"""Serve while loading: events are taken at once, everything else waits for the rest to be there.

Importing Flask and SQLAlchemy takes several times as long as opening the data. After a crash it
is events that cannot wait.
"""

from __future__ import annotations

import gc
import logging
import signal
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from djangalytics_server.config import Settings
from djangalytics_server.entrance import Entrance
from djangalytics_server.errors import StartError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

    from djangalytics_server.app import Server

_log = logging.getLogger(__name__)


class Opening:
    """The WSGI application: ``quick`` works from the start, a call waits for the rest."""

    def __init__(self, settings: Settings, on_stopping: Callable[[], None] | None = None) -> None:
        self._settings = settings
        self._on_stopping = on_stopping
        self._entrance = Entrance(settings)
        self.quick = self._entrance.quick
        self._server: Server | None = None
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._load, name="loading", daemon=True)
        self._thread.start()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer, when everything is loaded."""
        self._thread.join()
        if self._server is None:
            raise StartError(f"the server could not be loaded: {self._fault!r}")
        return self._server(environ, start_response)

    def stopping(self) -> None:
        """Told by the front when it begins to drain; must not wait."""
        if self._on_stopping is not None:
            self._on_stopping()

    def close(self) -> None:
        """Write what is waiting and let go of the data; raises what kept the rest from loading."""
        self._entrance.writer.close()
        self._thread.join()
        if self._server is not None:
            self._server.close()
        else:
            self._entrance.close()
            self._entrance.appender.close()
        if self._fault is not None:
            raise self._fault

    def _load(self) -> None:
        try:
            from djangalytics_server.app import create_app

            self._server = create_app(self._settings, self._entrance, apart=True)
            gc.freeze()  # what was imported stays: no need to look through it for garbage
        except BaseException as error:  # noqa: BLE001 - raised again by ``close``
            _log.error("cannot load the rest of the server: %r", error)
            self._fault = error
            signal.raise_signal(signal.SIGTERM)  # drain what was taken, then end
