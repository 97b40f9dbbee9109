"""`python -m tests.bench.erase`: what it costs to erase one of 10,000 people from a million events.

The floor is the person's rows deleted by number, without a look for them and without any count.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path

from djangalytics_server import app
from djangalytics_server.config import DATABASE_FILE, Settings
from djangalytics_server.model.event import Submission
from djangalytics_server.store.base import Store
from djangalytics_server.store.opening import open_store
from tests.bench.questions import events

_BATCH = 5_000


def fill(store: Store, count: int) -> None:
    """A made-up product's events, by ``count`` / 100 people."""
    people = count // 100
    made = enumerate(events.made(count))
    while batch := list(islice(made, _BATCH)):
        arrived = batch[-1][1].received_at
        named = tuple(
            event._replace(distinct_id=f"person-{place * 7919 % people}", received_at=arrived)
            for place, event in batch
        )
        store.append([Submission(1, arrived, named)])


def floor_seconds(file: Path, person: str) -> float:
    """Delete the rows of a person whose numbers are known."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    question = "SELECT id FROM events WHERE distinct_id = ?"
    ids = connection.execute(question, (person,)).fetchall()
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("DELETE FROM events WHERE id = ?", ids)
    connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


class Sender(threading.Thread):
    """Appends one event after another; the longest that one of them took."""

    def __init__(self, store: Store) -> None:
        super().__init__(daemon=True)
        self.store, self.stopped, self.longest, self.sent = store, False, 0.0, 0

    def run(self) -> None:
        for event in events.made(1_000_000):
            if self.stopped:
                return
            new = event._replace(insert_id=f"new-{self.sent}", distinct_id="new")
            began = time.perf_counter()
            self.store.append([Submission(1, new.received_at, (new,))])
            self.longest = max(self.longest, time.perf_counter() - began)
            self.sent += 1


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    count = parser.parse_args().events
    with tempfile.TemporaryDirectory(prefix="djangalytics-bench-") as folder:
        settings = Settings(data=Path(folder))
        app.prepare(settings)
        store = open_store(settings.store_url)
        fill(store, count)
        sender = Sender(store)
        sender.start()
        for person in ("person-7", "person-77", "person-777"):
            blocks = 0
            while store.make_block(anew=True):
                blocks += 1
            began = time.perf_counter()
            erased = store.erase(1, person)
            took = time.perf_counter() - began
            print(f"erased {erased.events} of {count:,} events in {took * 1_000:,.0f} ms,", end=" ")
            print(f"{blocks} new blocks laid down by columns before")
        sender.stopped = True
        sender.join()
        print(f"beside {sender.sent} appends, the longest of {sender.longest * 1_000:,.0f} ms")
        wrong = [table.table for table in store.recount() if table.wrong]
        print(f"check: {wrong or 'true'}")
        store.close()
        took = floor_seconds(Path(folder) / DATABASE_FILE, "person-1")
        print(f"floor: the rows of another deleted by number in {took * 1_000:,.0f} ms")


if __name__ == "__main__":
    main()
