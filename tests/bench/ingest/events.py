"""The events the benches send: five properties each, ids of either kind, times going on."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Iterator

NAMES = [f"event_{number:02d}" for number in range(30)]
START = 1_790_000_000_000
"""Milliseconds since 1970 of the first event."""


def version_7(milliseconds: int) -> str:
    """A UUIDv7 of that time, its other bits random."""
    bits = int.from_bytes(os.urandom(10), "big") >> 6
    value = milliseconds << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0x2 << 62 | bits & (2**62 - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def version_4(_milliseconds: int = 0) -> str:
    """A UUIDv4, as other vendors' clients make them."""
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def moment(milliseconds: int) -> str:
    """RFC 3339 with milliseconds, as a browser writes it, on the first bench day."""
    seconds, rest = divmod(milliseconds - START, 1_000)
    hours, seconds = divmod(seconds, 3_600)
    return f"2026-09-21T{13 + hours % 10:02d}:{seconds // 60:02d}:{seconds % 60:02d}.{rest:03d}000Z"


def stream(ids: str = "v7", seed: int = 1, start: int = 0) -> Iterator[dict[str, object]]:
    """Events for ever: 100 a millisecond, from 100,000 people; ``ids`` is v7 or v4."""
    chance = random.Random(seed)
    make = version_7 if ids == "v7" else version_4
    place = start
    while True:
        milliseconds = START + place // 100
        yield {
            "event_name": NAMES[int(chance.random() ** 2 * len(NAMES))],
            "timestamp": moment(milliseconds),
            "insert_id": make(milliseconds),
            "distinct_id": f"user-{chance.randrange(100_000)}",
            "source": "web",
            "properties": {
                "plan": "pro" if place % 3 else "free",
                "price": place % 5_000 / 100,
                "items": place % 7,
                "path": f"/products/{place % 250}",
                "member": place % 2 == 0,
            },
        }
        place += 1


def batches(events: Iterator[dict[str, object]], size: int, count: int) -> list[bytes]:
    """``count`` gzipped bodies of ``size`` events."""
    return [
        gzip.compress(_compact({"events": [next(events) for _ in range(size)]}), 1)
        for _ in range(count)
    ]


def singles(events: Iterator[dict[str, object]], count: int) -> list[bytes]:
    """``count`` bodies of one event."""
    return [_compact(next(events)) for _ in range(count)]


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
