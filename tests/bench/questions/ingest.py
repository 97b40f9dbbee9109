"""`python -m tests.bench.questions.ingest`: what making blocks costs who sends.

Appends of 1,000 events to the store, with a thread that makes blocks beside them and without, in
turns; events a second on the wall and microseconds of CPU an event, of the whole process.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

from djangalytics_server import app
from djangalytics_server.config import DATABASE_FILE
from djangalytics_server.jobs.blocks import BlockMaker
from djangalytics_server.model.event import Submission
from djangalytics_server.store.opening import open_store
from tests.bench.questions import events

BATCH = 1_000


def measured(count: int, *, blocks: bool) -> tuple[float, float, int]:
    """Events a second, microseconds of CPU an event, and how many blocks were made meanwhile."""
    made = list(events.made(count))
    with tempfile.TemporaryDirectory(prefix="djangalytics-bench-") as folder:
        settings = events.settings(Path(folder))
        app.prepare(settings)
        store = open_store(settings.store_url)
        maker = BlockMaker(store, first=0.0, every=0.2) if blocks else None
        rest, begin, spent = iter(made), time.perf_counter(), time.process_time()
        while batch := tuple(islice(rest, BATCH)):
            store.append([Submission(1, batch[-1].received_at, batch)])
        taken, cpu = time.perf_counter() - begin, time.process_time() - spent
        if maker is not None:
            maker.close()
        store.close()
        with closing(sqlite3.connect(Path(folder) / DATABASE_FILE)) as connection:
            [[laid_down]] = connection.execute("SELECT count(*) FROM blocks")
    return count / taken, cpu / count * 1e6, laid_down


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    found: dict[bool, list[tuple[float, float, int]]] = {False: [], True: []}
    for _ in range(asked.turns):
        for blocks, turns in found.items():
            turns.append(measured(asked.events, blocks=blocks))
    for blocks, turns in found.items():
        rate, cpu, made = (statistics.median(column) for column in zip(*turns, strict=True))
        name = "with blocks" if blocks else "without"
        print(f"{name:<12} {rate:>8,.0f} events/s {cpu:>6.1f} µs of CPU an event, {made} blocks")


if __name__ == "__main__":
    main()
