"""How the rate of appending holds as the file grows, by the kind of insert id.

The store alone, without HTTP: submissions of 1,000 events, made before the clock runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from djangalytics_server import app
from djangalytics_server.config import Settings
from djangalytics_server.model.event import Event, Submission
from djangalytics_server.store.opening import open_store
from tests.bench.ingest.events import NAMES, START, version_4, version_7

_PROPERTIES = '{"plan":"pro","price":12.5,"items":3,"path":"/products/7","member":true}'
_SHAPE = (("plan", "price", "items", "path", "member"), (str, float, int, str, bool))


def submissions(ids: str, start: int, count: int) -> list[Submission]:
    """``count`` submissions of 1,000 events beginning with the ``start``-th event."""
    make = version_7 if ids == "v7" else version_4
    made = []
    for first in range(start, start + count * 1_000, 1_000):
        events = []
        for place in range(first, first + 1_000):
            at = (START + place // 100) * 1_000
            name = NAMES[place * 7 % 30 * (place % 30) // 30]
            event = (1, make(at // 1_000), name, at, at, _PROPERTIES)
            events.append(Event(*event, f"user-{place * 7919 % 100_000}", shape=_SHAPE))
        made.append(Submission(1, START * 1_000, tuple(events)))
    return made


def measure(folder: Path, ids: str, marks: Sequence[int]) -> Iterator[tuple[int, float]]:
    """(events stored, events a second over the 100,000 before), at each mark."""
    settings = Settings(data=folder)
    app.prepare(settings)
    store = open_store(settings.store_url)
    stored, window = 0, 0.0
    while stored < max(marks):
        prepared = submissions(ids, stored, 20)
        began = time.perf_counter()
        for submission in prepared:
            store.append([submission])
        window += time.perf_counter() - began
        stored += 20_000
        if stored % 100_000 == 0:
            if stored in marks:
                yield stored, 100_000 / window
            window = 0.0
    store.close()
