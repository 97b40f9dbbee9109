"""Say what happened; the rest is done in the background."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from djangalytics_client.connection import Timeouts
from djangalytics_client.context import Id, beneath, current, identify_current
from djangalytics_client.errors import ConfigurationError, EventLost
from djangalytics_client.events import Call, Properties, as_json, build, written
from djangalytics_client.hooks import Hooks, Withheld, gate
from djangalytics_client.outbox import Outbox
from djangalytics_client.places import OFF, project_folder, spool_folder
from djangalytics_client.settings import (
    DISABLED_VARIABLE,
    DRY_RUN_VARIABLE,
    Settings,
    address,
    switched_on,
)
from djangalytics_client.stats import Stats
from djangalytics_client.transport import HttpTransport, MemoryTransport, Transport
from djangalytics_client.values import settle
from djangalytics_client.voice import Voice, log
from djangalytics_client.world import World


class Client:
    """A connection to one Djangalytics project.

    ``url`` and ``write_key`` default to ``DJANGALYTICS_URL`` and ``DJANGALYTICS_WRITE_KEY``;
    ``source`` is that of every event that names none. ``hooks`` are functions of yours that see
    each event or loss. ``transport`` replaces HTTP and ``world`` the clock, chance and threads, for
    tests. With ``debug`` the methods raise what they otherwise count and log; without it an address
    that cannot work makes a client that counts every event as lost: misconfigured.
    """

    def __init__(
        self,
        url: str | None = None,
        write_key: str | None = None,
        *,
        source: str | None = None,
        settings: Settings | None = None,
        hooks: Hooks | None = None,
        transport: Transport | None = None,
        debug: bool = False,
        world: World | None = None,
    ) -> None:
        self._settings = settings = settings or Settings()
        self._hooks = hooks or Hooks()
        self._source = source
        self._debug = debug or bool(_watchers)
        self._world = world = world or World()
        self._time_ns, self._eight_bytes = world.time_ns, world.eight_bytes  # looked up faster
        self._off = switched_on(settings.disabled, DISABLED_VARIABLE, os.environ)
        dry_run = switched_on(settings.dry_run, DRY_RUN_VARIABLE, os.environ)
        self._gate = gate(settings, self._hooks, dry_run=dry_run)
        trouble = folder = None
        if self._off or dry_run:
            transport = transport or MemoryTransport()  # nothing gets there
        elif transport is None:
            try:
                transport, folder = _http(url, write_key, settings)
            except ConfigurationError as error:
                if self._debug:
                    raise
                log.error("Analytics are off, every event counts as lost: %s", error)
                transport, trouble = MemoryTransport(), "misconfigured"
        elif settings.spool not in (None, OFF):
            folder = project_folder(str(settings.spool), type(transport).__qualname__, write_key)
        voice = Voice(self._hooks.on_error)
        self._outbox = Outbox(transport, settings, self._world, voice, folder)
        weakref.finalize(self, self._outbox.retire).atexit = False
        self._everywhere: dict[str, object] = {}
        self.register(settings.properties or {})
        self._debug = debug
        if trouble:
            self._outbox.close(trouble)
        _clients.add(self)
        for watch in _watchers[-1:]:
            watch(self)

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
        if self._off:
            return None
        call = (event_name, properties, distinct_id, session_id, source, timestamp, insert_id)
        try:
            scope = current.get()
            if self._everywhere:
                scope = beneath(scope, self._everywhere)
            now, chance = self._time_ns(), self._eight_bytes()
            if self._gate is None:
                given_id, event = written(call, scope, now, chance, self._source)
            else:
                passed = self._gate(build(call, scope, now, chance, self._source))
                given_id, event = passed.insert_id, as_json(passed)
            reason = self._outbox.put(event)
        except Exception as error:  # noqa: BLE001 - a guest never raises into its host
            return self._not_made(call, error)
        return given_id if reason is None else self._not_queued(event, reason)

    def identify(self, distinct_id: Id, traits: Properties | None = None) -> str | None:
        """Say who acts from here on: sets the distinct id of the current context, and queues a
        ``$identify`` event with ``traits`` as its properties -> its insert id, or None.
        """
        insert_id = self.track("$identify", traits, distinct_id=distinct_id)
        if insert_id is not None:
            identify_current(distinct_id)
        return insert_id

    def register(self, properties: Properties) -> None:
        """Give every later event these properties; a context's and the call's own win over them.

        They are copied and checked here; ones that could not be sent are logged and not taken.
        """
        try:
            own = dict(properties)
            settle(own)
        except Exception as error:  # a guest never raises
            if self._debug:
                raise
            log.error("Properties for every event were refused: %s", _said(error))
        else:
            self._everywhere.update(own)  # at once, whatever other threads do

    def unregister(self, *names: str) -> None:
        """Take back properties that were registered, by name; others are not missed."""
        for name in names:
            self._everywhere.pop(name, None)

    def flush(self, timeout: float = 10.0) -> int:
        """Send what is queued now, waiting ``timeout`` seconds at most -> events still unsent.

        Returns early when no further try is due within the timeout. May be called from anywhere.
        """
        return self._guarded(self._outbox.flush, timeout)

    async def aflush(self, timeout: float = 10.0) -> int:
        """Flush without holding up the event loop (asyncio's) -> events still unsent."""
        if self.stats().queued == 0:
            return 0
        import asyncio
        from concurrent.futures import Future

        done: Future[int] = Future()
        done.set_running_or_notify_cancel()

        def wait() -> None:
            try:
                done.set_result(self.flush(timeout))
            except BaseException as error:  # noqa: BLE001 - in debug; raised where it is awaited
                done.set_exception(error)

        # A thread of its own: those that the loop lends out may all be busy with the host's work.
        try:
            threading.Thread(target=wait, name="djangalytics-flush", daemon=True).start()
        except RuntimeError:  # the interpreter ends, or has no room for a thread
            return self.flush(0.0)
        return await asyncio.wrap_future(done)

    def shutdown(self, timeout: float = 5.0) -> int:
        """Flush and end -> events given up, counted as lost: shutdown. Later events are, too."""
        return self._guarded(self._outbox.shutdown, timeout)

    def stats(self) -> Stats:
        """Where every event of this client is: see Stats."""
        return self._outbox.stats()

    def _not_made(self, call: Call, error: Exception) -> str | None:
        """Account for an event that did not reach the queue."""
        outbox = self._outbox
        if isinstance(error, Withheld):
            outbox.withhold(error.reason)
            return error.insert_id
        known = isinstance(error, EventLost)
        reason = error.reason if isinstance(error, EventLost) else "rejected:unreadable"
        outbox.refuse(reason)
        outbox.voice.refused(reason, _fields(call), str(error) if known else type(error).__name__)
        if self._debug:
            raise error
        # As text: a log that keeps the exception would keep the caller's objects alive.
        if known:
            outbox.voice.once(reason, "An event was not queued (%s): %s", reason, str(error))
        else:
            outbox.voice.once("unreadable", "An event could not be read: %s", _said(error))
        return None

    def _not_queued(self, event: bytes, reason: str) -> str | None:
        """Account for an event that the queue counted as lost."""
        self._outbox.voice.lost(reason, (event,))
        if self._debug:
            raise EventLost(reason, _WHY[reason])
        message = "An event was not queued (%s): %s"
        self._outbox.voice.once(reason, message, reason, _WHY[reason])
        return None

    def _guarded(self, call: Callable[[float], int], timeout: float) -> int:
        try:
            return call(timeout)
        except Exception as error:  # a guest never raises
            if self._debug:
                raise
            self._outbox.voice.once("fault", "A fault in the analytics client: %s", _said(error))
            return self._outbox.stats().queued


_clients: weakref.WeakSet[Client] = weakref.WeakSet()
_watchers: list[Callable[[Client], None]] = []
"""Tests that record, the innermost last: it is told of each new client; see ``testing``."""


def _said(error: Exception) -> str:
    """What an exception of the application's objects says, if it can say it."""
    try:
        return f"{error!r:.200}"
    except Exception:  # noqa: BLE001 - its own repr() raises
        return type(error).__name__


def _fields(call: Call) -> Mapping[str, object]:
    name, _, distinct_id, session_id, source, _, insert_id = call
    return {
        "event_name": name,
        "distinct_id": distinct_id,
        "session_id": session_id,
        "source": source,
        "insert_id": insert_id,
    }


def _http(
    url: str | None, write_key: str | None, settings: Settings
) -> tuple[Transport, Path | None]:
    """The transport, and the folder of the spool where there is one."""
    base, key = address(url, write_key, os.environ)
    timeouts = Timeouts(settings.connect_timeout, settings.read_timeout, settings.answer_timeout)
    spool = spool_folder(settings.spool, os.environ)
    folder = None if spool is None else project_folder(spool, base, key)
    return HttpTransport(base, key, timeouts=timeouts), folder


_WHY = {
    "queue_full": "events come faster than they can be sent, or the server is away",
    "shutdown": "the client was shut down",
    "misconfigured": "the client has no usable address or key",
}
