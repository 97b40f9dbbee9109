"""The floor: ``sqlite3.executemany`` of the same rows into the same table, and nothing else.

The same schema, indexes and pragmas, one transaction of 1,000 rows at a time, and the rollup of
counts at its three grains from cells added up beforehand.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from djangalytics_server import app
from djangalytics_server.config import Settings
from djangalytics_server.model import rfc3339
from djangalytics_server.store.rollups import GRAINS
from tests.bench.ingest.events import _compact, stream

INSERT = (
    "INSERT INTO events (project_id, insert_id, event_name, timestamp, received_at, properties,"
    " distinct_id, session_id, source, original_timestamp) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
COUNT = (
    "INSERT INTO event_counts (project_id, grain, bucket, event_name, count)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (project_id, grain, bucket, event_name)"
    " DO UPDATE SET count = event_counts.count + excluded.count"
)
Row = tuple[object, ...]


def rows(count: int, ids: str = "v7", start: int = 0) -> list[Row]:
    """Rows of the events table, decoded beforehand."""
    made = []
    for event in islice(stream(ids, start=start), count):
        at = rfc3339.parse(str(event["timestamp"]))
        text = _compact(event["properties"]).decode()
        made.append(
            (
                1,
                event["insert_id"],
                event["event_name"],
                at,
                at,
                text,
                event["distinct_id"],
                None,
                event["source"],
                None,
            )
        )
    return made


def cells(batch: Sequence[Row]) -> list[Row]:
    """The rollup's rows for one batch."""
    counted: Counter[Row] = Counter()
    for row in batch:
        for grain in GRAINS:
            counted[1, grain, row[3] // 1_000_000 // grain * grain, row[2]] += 1  # type: ignore
    return [(*cell, count) for cell, count in counted.items()]


def open_file(folder: Path) -> sqlite3.Connection:
    """A new server's own file, under the server's own pragmas."""
    app.prepare(Settings(data=folder))
    connection = sqlite3.connect(folder / "djangalytics.sqlite3", isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    return connection


def measure(folder: Path, count: int, ids: str = "v7", batch: int = 1_000) -> float:
    """Rows a second."""
    everything = rows(count, ids)
    parts = [everything[at : at + batch] for at in range(0, count, batch)]
    prepared = [(part, cells(part)) for part in parts]
    connection = open_file(folder)
    began = time.perf_counter()
    for part, counted in prepared:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, part)
        connection.executemany(COUNT, counted)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return count / seconds
