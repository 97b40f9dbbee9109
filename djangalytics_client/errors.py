"""Everything the SDK can raise.

    DjangalyticsError
    ├── ConfigurationError   an address, key or setting that cannot work
    ├── EventLost            an event that was not queued: `reason`
    │   └── EventRejected    ... because it breaks a limit: `code`, `field`
    └── TransportError       no answer came back: the network, not the server

A client raises none of them into your program unless it was made with ``debug=True``; without
it the same facts are counted in ``stats()`` and logged once a kind.
"""

from __future__ import annotations


class DjangalyticsError(Exception):
    """Root of everything this package raises on purpose."""


class ConfigurationError(DjangalyticsError):
    """An address, key or setting that cannot work."""


class EventLost(DjangalyticsError):
    """An event that was not queued; ``reason`` is its key in ``Stats.lost``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class EventRejected(EventLost):
    """An event that breaks a limit: ``code`` as the server would say it, and the ``field``."""

    def __init__(self, code: str, field: str, message: str) -> None:
        # Whoever reads it looks for the property, so it is always named.
        named = message if message.startswith(f"{field} ") else f"{field:.80}: {message}"
        super().__init__(f"rejected:{code}", named)
        self.code = code
        self.field = field


class TransportError(DjangalyticsError):
    """No answer came back: refused, reset, timed out, no such host."""
