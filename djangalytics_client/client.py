"""Say what happened; the rest is done in the background."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from djangalytics_client.context import Id, current, identify_current
from djangalytics_client.delivery import log
from djangalytics_client.errors import ConfigurationError, EventLost, EventRejected
from djangalytics_client.events import Properties, build
from djangalytics_client.outbox import Outbox
from djangalytics_client.places import OFF, project_folder, spool_folder
from djangalytics_client.settings import Settings, address
from djangalytics_client.stats import Stats
from djangalytics_client.transport import HttpTransport, MemoryTransport, Transport
from djangalytics_client.world import World


class Client:
    """A connection to one Djangalytics project.

    ``url`` and ``write_key`` default to ``DJANGALYTICS_URL`` and ``DJANGALYTICS_WRITE_KEY``;
    ``source`` is that of every event that names none. ``transport`` replaces HTTP and ``world``
    the clock, chance and threads, for tests. With ``debug`` the methods raise what they otherwise
    count and log; without it an address that cannot work makes a client that counts every event
    as lost: misconfigured.
    """

    def __init__(
        self,
        url: str | None = None,
        write_key: str | None = None,
        *,
        source: str | None = None,
        settings: Settings | None = None,
        transport: Transport | None = None,
        debug: bool = False,
        world: World | None = None,
    ) -> None:
        settings = settings or Settings()
        self._source = source
        self._debug = debug
        self._world = world or World()
        trouble = folder = None
        if transport is None:
            try:
                transport, folder = _http(url, write_key, settings)
            except ConfigurationError as error:
                if debug:
                    raise
                log.error("Analytics are off, every event counts as lost: %s", error)
                transport, trouble = MemoryTransport(), "misconfigured"
        elif settings.spool not in (None, OFF):
            folder = project_folder(str(settings.spool), type(transport).__qualname__, write_key)
        self._outbox = Outbox(transport, settings, self._world, folder)
        weakref.finalize(self, self._outbox.retire).atexit = False
        if trouble:
            self._outbox.close(trouble)

    def track(
        self,
        event_name: str,
        properties: Properties | None = None,
        *,
        distinct_id: Id = None,
        session_id: Id = None,
        source: Id = None,
        timestamp: datetime | str | None = None,
        insert_id: Id = None,
    ) -> str | None:
        """Queue one event -> its insert id, or None when it was refused or there is no room.

        ``properties`` are copied. ``timestamp`` is when it happened (default: now; text is RFC
        3339; without a zone: UTC). Give ``insert_id`` to make a repeated call count once.
        """
        world = self._world
        call = (event_name, properties, distinct_id, session_id, source, timestamp, insert_id)
        try:
            event = build(call, current.get(), world.time_ns(), world.eight_bytes(), self._source)
            reason = self._outbox.put(event)
            if reason is None:
                return event.insert_id
            raise EventLost(reason, _WHY[reason])
        except EventRejected as refusal:
            self._outbox.refuse(refusal.reason)
            self._not_queued(refusal)
        except EventLost as loss:
            self._not_queued(loss)
        except Exception as error:  # a guest never raises into its host
            self._outbox.refuse("rejected:unreadable")
            if self._debug:
                raise
            self._outbox.voice.once("unreadable", "An event could not be read: %r", error)
        return None

    def identify(self, distinct_id: Id, traits: Properties | None = None) -> str | None:
        """Say who acts from here on: sets the distinct id of the current context, and queues a
        ``$identify`` event with ``traits`` as its properties -> its insert id, or None.
        """
        insert_id = self.track("$identify", traits, distinct_id=distinct_id)
        if insert_id is not None:
            identify_current(distinct_id)
        return insert_id

    def flush(self, timeout: float = 10.0) -> int:
        """Send what is queued now, waiting ``timeout`` seconds at most -> events still unsent.

        Returns early when no further try is due within the timeout. May be called from anywhere.
        """
        return self._guarded(self._outbox.flush, timeout)

    def shutdown(self, timeout: float = 5.0) -> int:
        """Flush and end -> events given up, counted as lost: shutdown. Later events are, too."""
        return self._guarded(self._outbox.shutdown, timeout)

    def stats(self) -> Stats:
        """Where every event of this client is: see Stats."""
        return self._outbox.stats()

    def _not_queued(self, loss: EventLost) -> None:
        if self._debug:
            raise loss
        message = "An event was not queued (%s): %s"
        self._outbox.voice.once(loss.reason, message, loss.reason, loss)

    def _guarded(self, call: Callable[[float], int], timeout: float) -> int:
        try:
            return call(timeout)
        except Exception as error:  # a guest never raises
            if self._debug:
                raise
            self._outbox.voice.once("fault", "A fault in the analytics client: %r", error)
            return self._outbox.stats().queued


def _http(
    url: str | None, write_key: str | None, settings: Settings
) -> tuple[Transport, Path | None]:
    """The transport, and the folder of the spool where there is one."""
    base, key = address(url, write_key, os.environ)
    timeouts = (settings.connect_timeout, settings.read_timeout)
    spool = spool_folder(settings.spool, os.environ)
    folder = None if spool is None else project_folder(spool, base, key)
    return HttpTransport(base, key, timeouts=timeouts), folder


_WHY = {
    "queue_full": "events come faster than they can be sent, or the server is away",
    "shutdown": "the client was shut down",
    "misconfigured": "the client has no usable address or key",
}
