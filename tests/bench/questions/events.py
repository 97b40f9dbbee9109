"""A made-up product's events: the same ones for the same count, whatever asks."""

from __future__ import annotations

import json
import random
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path

from djangalytics_server import app
from djangalytics_server.config import Settings
from djangalytics_server.model.event import Event, Submission

DAYS = 90
NAMES = tuple(f"event_{number:02d}" for number in range(30))
"""From the most to the least frequent: the n-th is as frequent as 1 / (n + 3)."""
PLANS = ("free", "free", "free", "pro", "team")
COUNTRIES = ("DE", "FR", "US", "GB", "NL", "ES", "IT", "PL", "SE", "NO", "DK", "FI", "AT", "CH")
START = 1_790_000_000_000_000 // 86_400_000_000 * 86_400_000_000
"""The first midnight, microseconds since 1970 UTC."""
_DAY = 86_400_000_000
_BATCH = 5_000


def made(count: int) -> Iterator[Event]:
    """``count`` events of a tenth as many people, in order of time."""
    chance = random.Random(count)
    weights = list(accumulate(1 / (place + 3) for place in range(len(NAMES))))
    people, step = count // 10, DAYS * _DAY // count
    for place in range(count):
        # Some people come often, most of them seldom.
        person = int(people * chance.random() ** 1.5)
        moment = START + place * step + chance.randrange(step)
        properties = {
            "plan": PLANS[person % len(PLANS)],
            "country": COUNTRIES[person % 97 % len(COUNTRIES)],
            "price": chance.randrange(100, 10_000) / 100,
            "items": chance.randrange(1, 9),
            "path": f"/page/{chance.randrange(200)}",
        }
        yield Event(
            project_id=1,
            insert_id=f"{moment // 1_000:012x}"[:8] + f"-{place >> 16:04x}-7{place & 4095:03x}"
            f"-8{place >> 12 & 4095:03x}-{place:012x}",
            event_name=NAMES[bisect(weights, chance.random() * weights[-1])],
            timestamp=moment,
            received_at=moment,
            properties=json.dumps(properties, separators=(",", ":")),
            distinct_id=f"person-{person}",
            session_id=f"{person}-{place // 2_000}",
            source="web" if person % 3 else "ios",
        )


def settings(folder: Path) -> Settings:
    """Development mode, where a question may take its time."""
    return Settings(data=folder, dev=True, question_seconds=3_600)


def fill(folder: Path, count: int) -> app.Server:
    """A server in development mode over that many events."""
    app.prepare(settings(folder))
    server = app.create_app(settings(folder))
    events = made(count)
    while batch := tuple(islice(events, _BATCH)):
        server.store.append([Submission(1, batch[-1].received_at, batch)])
    return server
