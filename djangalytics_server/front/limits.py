"""How much one client may send and how slowly, and the one error the front raises."""

from __future__ import annotations

from dataclasses import dataclass


class FrontError(Exception):
    """The front cannot start; the message is one sentence for the terminal."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the front takes from clients.

    ``header_bytes``: request line and headers; more is answered 431.
    ``body_bytes``: the body on the wire; more is answered 413. Keep it well above what the
    application allows, so that the application words the usual refusal itself.
    ``request_seconds``: from a request's first byte to its last; longer is answered 408, with the
    loop's half second of slack within 30 seconds. Also how long a reader may leave a response
    untouched before it is cut off.
    ``idle_seconds``: how long a connection may stay open between requests.
    ``connections``: open at once in one process; more wait in the kernel's queue.
    ``waiting``: whole requests waiting for a thread; more are answered 503 with Retry-After.
    ``late_seconds``: how long a request may wait for the loop or for a thread. Once some did for
    longer, those behind them are answered 503 with Retry-After, which costs little: nobody waits
    until he has given up.
    """

    header_bytes: int = 16 * 1024
    body_bytes: int = 8 * 1024 * 1024
    request_seconds: float = 29.0
    idle_seconds: float = 75.0
    connections: int = 4096
    waiting: int = 512
    late_seconds: float = 1.5
