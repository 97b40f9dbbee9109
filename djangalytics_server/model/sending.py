"""How fast a project may be sent to, how much was sent with which key, and what was too fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

BUCKET_SECONDS = 300
"""What is counted together."""

MOST_RATE, MOST_AT_ONCE = 1_000_000, 60_000_000
USUAL_SECONDS = 60
"""Of so many seconds the events may come at once where nothing else is said."""


class RateLimit(NamedTuple):
    """A project's own limit: events a second, and how many at once."""

    rate: int
    at_once: int

    def __str__(self) -> str:
        return f"{self.rate:,} events a second, {self.at_once:,} at once"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with one key (an empty ``key_prefix``: without a key) in a while.

    ``requests`` and ``events`` were let through to be judged one by one; the others were refused
    whole, because the key, the address or the project was too fast.
    """

    key_prefix: str
    requests: int = 0
    events: int = 0
    refused_key: int = 0
    refused_address: int = 0
    refused_project: int = 0
