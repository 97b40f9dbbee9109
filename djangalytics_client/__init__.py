"""Djangalytics SDK: say what happened in your application.

    from djangalytics_client import track
    track("signup", {"plan": "pro"})

The functions here use one client, made at the first call from ``DJANGALYTICS_URL`` and
``DJANGALYTICS_WRITE_KEY``, or by ``configure()``.
"""

from __future__ import annotations

__version__ = "0.1.0"

from datetime import datetime

from djangalytics_client.client import Client
from djangalytics_client.context import Id, context
from djangalytics_client.errors import (
    ConfigurationError,
    DjangalyticsError,
    EventLost,
    EventRejected,
    TransportError,
)
from djangalytics_client.events import Properties
from djangalytics_client.hooks import Hooks
from djangalytics_client.settings import Settings
from djangalytics_client.stats import Stats
from djangalytics_client.transport import Transport
from djangalytics_client.voice import Loss

__all__ = [
    "Client",
    "ConfigurationError",
    "DjangalyticsError",
    "EventLost",
    "EventRejected",
    "Hooks",
    "Loss",
    "Settings",
    "Stats",
    "TransportError",
    "aflush",
    "configure",
    "context",
    "flush",
    "identify",
    "register",
    "shutdown",
    "stats",
    "track",
    "unregister",
]

_default: dict[str, Client] = {}


def configure(
    url: str | None = None,
    write_key: str | None = None,
    *,
    source: str | None = None,
    settings: Settings | None = None,
    hooks: Hooks | None = None,
    transport: Transport | None = None,
    debug: bool = False,
) -> Client:
    """Make the client that the functions of this module use; its predecessor is shut down.

    The arguments are those of ``Client``.
    """
    client = Client(
        url,
        write_key,
        source=source,
        settings=settings,
        hooks=hooks,
        transport=transport,
        debug=debug,
    )
    before = _default.get("client")
    _default["client"] = client
    if before is not None:
        before.shutdown()
    return client


def track(
    event_name: str,
    properties: Properties | None = None,
    *,
    distinct_id: Id = None,
    session_id: Id = None,
    source: Id = None,
    timestamp: datetime | str | None = None,
    insert_id: Id = None,
) -> str | None:
    """Queue one event -> its insert id, or None when it was not queued: see ``Client.track``."""
    return _client().track(
        event_name,
        properties,
        distinct_id=distinct_id,
        session_id=session_id,
        source=source,
        timestamp=timestamp,
        insert_id=insert_id,
    )


def identify(distinct_id: Id, traits: Properties | None = None) -> str | None:
    """Say who acts in this context from here on: see ``Client.identify``."""
    return _client().identify(distinct_id, traits)


def register(properties: Properties) -> None:
    """Give every later event these properties: see ``Client.register``."""
    _client().register(properties)


def unregister(*names: str) -> None:
    """Take back registered properties, by name."""
    _client().unregister(*names)


def flush(timeout: float = 10.0) -> int:
    """Send what is queued, within ``timeout`` seconds -> events still unsent."""
    return _client().flush(timeout)


async def aflush(timeout: float = 10.0) -> int:
    """Flush without holding up the event loop (asyncio's) -> events still unsent."""
    return await _client().aflush(timeout)


def shutdown(timeout: float = 5.0) -> int:
    """Flush and end, within ``timeout`` seconds -> events given up. Later ones count as lost."""
    return _client().shutdown(timeout)


def stats() -> Stats:
    """Where every event is: queued, sent, duplicate, rejected, lost or dropped, by reason."""
    return _client().stats()


def _client() -> Client:
    # Without a lock, which a fork could leave held: two threads may each make a client at the
    # very first call; one of them stays, the other has no thread yet and is dropped.
    return _default.get("client") or _default.setdefault("client", Client())
