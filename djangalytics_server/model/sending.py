"""How much was sent with which key, and how much of it was too fast."""

from __future__ import annotations

from dataclasses import dataclass

BUCKET_SECONDS = 300
"""What is counted together."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with one key (an empty ``key_prefix``: without a key) in a while.

    ``requests`` and ``events`` were let through to be judged one by one; the others were refused
    whole, because the key or the address was too fast.
    """

    key_prefix: str
    requests: int = 0
    events: int = 0
    refused_key: int = 0
    refused_address: int = 0
