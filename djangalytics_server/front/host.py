"""What a connection needs of the loop it lives in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]

from djangalytics_server.front.heads import Heads
from djangalytics_server.front.limits import Limits
from djangalytics_server.front.quick import Quick

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from djangalytics_server.front.connection import Connection


class Host(Protocol):
    """What a connection needs of the loop it lives in."""

    adj: Adjustments
    application: WSGIApplication
    limits: Limits
    quick: Quick | None
    heads: Heads
    draining: bool
    partial_ends: float
    effective_port: int
    server_name: str

    @property
    def late(self) -> bool:
        """Whether what waits has waited so long that it is better refused."""

    @property
    def refusing(self) -> bool:
        """Whether a request that came now would find no thread in time."""

    def submit(self, connection: Connection) -> bool:
        """Queue the connection's request for a thread; False when too many wait."""

    def poke(self, connection: Connection) -> None:
        """Ask the loop, from any thread, to look at the connection."""
