"""For the tests of your own application: what it tracks stays in memory, and nothing is hidden.

    def test_signing_up_is_tracked(tracked_events):
        sign_up("ada@example.com", plan="pro")
        tracked_events.assert_tracked("signup", plan="pro")

The fixture comes with the package; ``recorded()`` is the same without pytest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

import djangalytics_client
from djangalytics_client import client as clients
from djangalytics_client.client import Client
from djangalytics_client.context import current
from djangalytics_client.hooks import gate
from djangalytics_client.outbox import Outbox
from djangalytics_client.stats import Outcome
from djangalytics_client.tracked import TrackedEvents
from djangalytics_client.transport import MemoryTransport, WsgiTransport
from djangalytics_client.voice import Loss, Voice

__all__ = ["MemoryTransport", "TrackedEvents", "WsgiTransport", "recorded"]

OnError = Callable[[Loss], object]

_PATIENCE = 5.0
"""Seconds for ``on_error`` to hear the rest."""
_running: list[recorded] = []
"""Blocks within blocks: the last one records."""


class recorded:  # noqa: N801 - reads like the context manager it is
    """While the block runs, every client of this process records to memory and sends nothing.

    Gives the TrackedEvents; an event is in it as soon as ``track()`` returns. This holds for the
    module's functions, for clients that exist and for those that are made meanwhile; afterwards all
    are as before. Hooks run as ever; sampling, ``disabled`` and ``dry_run`` do not apply. What is
    logged and counted in production is raised: by ``track()`` and the others where it happens, and
    at the end of the block what ``on_error`` raised.
    """

    def __init__(self) -> None:
        self._tracked = TrackedEvents()
        self._saved: list[_Recording] = []
        self._faults: list[Exception] = []
        self._lock = threading.Lock()

    def __enter__(self) -> TrackedEvents:
        self._default = djangalytics_client._default.get("client")
        self._scope = current.get()
        _running.append(self)
        clients._watchers.append(self._attach)
        for client in tuple(clients._clients):
            self._attach(client)
        return self._tracked

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        clients._watchers.remove(self._attach)
        _running.remove(self)
        djangalytics_client._default.pop("client", None)
        if self._default is not None:
            djangalytics_client._default["client"] = self._default
        current.set(self._scope)  # an identify() of this test is not the next one's
        for recording in self._saved:
            recording.end()
        if _running:
            for recording in self._saved:
                _running[-1]._attach(recording.client)
        if error is None and self._faults:
            raise self._faults[0]

    def _attach(self, client: Client) -> None:
        with self._lock:  # a thread of the application may make a client now
            if all(recording.client is not client for recording in self._saved):
                self._saved.append(_Recording(client, self._tracked, self._faults))


class _Recording:
    """One client that records, and what it was before."""

    def __init__(self, client: Client, tracked: TrackedEvents, faults: list[Exception]) -> None:
        self.client = client
        self._before = client._outbox, client._gate, client._off, client._debug
        self._everywhere = dict(client._everywhere)
        everybody = client._settings._replace(sample_rate=1.0, sample_rates=None)
        self._memory = _Memory(client, tracked, faults)
        client._outbox = self._memory
        client._gate = gate(everybody, client._hooks, dry_run=False)
        client._off, client._debug = False, True

    def end(self) -> None:
        """Let the client be as it was, once ``on_error`` has heard everything."""
        self._memory.shutdown(0.0)
        self._memory.voice.end(_PATIENCE)
        client = self.client
        client._outbox, client._gate, client._off, client._debug = self._before
        client._everywhere = self._everywhere


class _Memory(Outbox):
    """An outbox that keeps each event at once, as if it had been sent and accepted."""

    def __init__(self, client: Client, tracked: TrackedEvents, faults: list[Exception]) -> None:
        on_error = _noting(client._hooks.on_error, faults)
        super().__init__(
            MemoryTransport(), client._settings, client._world, _Voice(on_error, tracked)
        )
        self._tracked = tracked
        if client._outbox._closed:  # it has no usable address, or was shut down before
            self.close(client._outbox._closed)

    def put(self, event: bytes) -> str | None:
        """Keep one event, as JSON; None, or why a real queue would not take it."""
        if self._closed is not None:
            self._tally.refuse(self._closed)
            return self._closed
        self._tally.admit(len(event))
        new = self._tracked.add(json.loads(event))
        self._tally.settle(1, len(event), Outcome(sent=int(new), duplicates=int(not new)))
        return None


class _Voice(Voice):
    """A voice that also keeps what was refused, for the message of a failing test."""

    def __init__(self, on_error: OnError | None, tracked: TrackedEvents) -> None:
        super().__init__(on_error)
        self._tracked = tracked

    def refused(self, reason: str, fields: Mapping[str, object], detail: str) -> None:
        """Keep it, and tell ``on_error``."""
        self._tracked.refused.append(Loss(reason, fields, detail))
        super().refused(reason, fields, detail)


def _noting(on_error: OnError | None, faults: list[Exception]) -> OnError | None:
    """The application's ``on_error``; what it raises is kept."""
    if on_error is None:
        return None

    def told(loss: Loss) -> None:
        try:
            on_error(loss)
        except Exception as error:
            faults.append(error)
            raise

    return told
