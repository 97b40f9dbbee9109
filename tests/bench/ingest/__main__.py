"""`python -m tests.bench.ingest`: the way in beside its floors, all in one run.

Prints a table as it goes; `--write FILE` keeps it, dated, as a page. Traffic goes to loopback
only. The whole run takes some minutes; name parts of it to run those alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from tests.bench.ingest import floor, growth, servers, singles
from tests.bench.ingest.events import batches, stream
from tests.bench.ingest.load import Heard, request, send
from tests.bench.page import keep_section

BATCH, SINGLE = "/api/capture_batch/", "/api/capture_event/"
PARTS = ("batches", "singles", "growth-v7", "growth-v4")
TURNS = 3
MARKS = (100_000, 500_000, 1_000_000, 2_000_000, 5_000_000)

Batched = tuple[float, str]
"""Events a second, and what else there is to say."""


@dataclass
class Table:
    """What was measured, line by line: (what, figure, beside what)."""

    events: int
    most: int
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    rates: dict[str, float] = field(default_factory=dict)

    def add(self, what: str, rate: float, more: str, *against: str) -> None:
        """Keep and print a line; its rate is compared with those of the lines ``against``."""
        self.rates[what] = rate
        known = [(name, self.rates[name]) for name in against if name in self.rates]
        beside = "; ".join(f"{rate / other:.2f} of {name}" for name, other in known)
        self.lines.append((what, f"{rate:,.0f}/s{more}", beside))
        print(f"  {what:<46} {rate:>9,.0f}/s{more}  {beside}", flush=True)


def in_folder(measure: Callable[[Path], None]) -> None:
    """Run one measurement with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measure(Path(folder))


def measure_batches(table: Table) -> None:
    """What SQLite takes by itself, and gzipped batches over HTTP, in turns; the median of each."""
    floors: list[float] = []
    thousands: list[Batched] = []
    hundreds: list[Batched] = []
    count = table.events // TURNS
    for _ in range(TURNS):
        in_folder(lambda folder: floors.append(floor.measure(folder, count)))
        in_folder(lambda folder: thousands.append(_batched(folder, 1_000, 2, count)))
        in_folder(lambda folder: hundreds.append(_batched(folder, 100, 8, count)))
    table.add("floor", median(floors), " rows")
    rate, more = sorted(thousands)[TURNS // 2]
    table.add("batches of 1000", rate, f" events, 2 connections, {more}", "floor")
    rate, more = sorted(hundreds)[TURNS // 2]
    table.add("batches of 100", rate, f" events, 8 connections, {more}", "batches of 1000", "floor")


def _batched(folder: Path, size: int, connections: int, count: int) -> Batched:
    bodies = batches(stream(), size, count // size)
    requests = [request(BATCH, body, gzipped=True) for body in bodies]
    with servers.ours(folder) as target:
        send(target.port, [request(SINGLE, b'{"event_name":"warm"}', False)] * 50, 2, 30)
        spent = target.cpu_seconds()
        heard = send(target.port, requests, connections, 120)
        cpu = (target.cpu_seconds() - spent) / count * 1e6
    return heard.rate * size, f"{_tail(heard)}, {cpu:.0f} µs CPU each"


def measure_singles(table: Table) -> None:
    """One event a request, each acknowledged after its commit, beside two other designs."""
    for what, rate, more in singles.measure():
        table.add(what, rate, more, *singles.beside(what))


def measure_growth(table: Table, ids: str) -> None:
    """The rate of appending at several sizes, without HTTP."""
    marks = [mark for mark in MARKS if mark <= table.most]

    def grown(folder: Path) -> None:
        first = f"{ids} ids, {marks[0]:,} stored"
        for stored, rate in growth.measure(folder, ids, marks):
            table.add(f"{ids} ids, {stored:,} stored", rate, " rows", first)

    in_folder(grown)


def write(table: Table, file: Path) -> None:
    """Keep the table as the beginning of a page."""
    day = datetime.now(timezone.utc).date().isoformat()
    lines = [
        "# Benchmarks",
        "",
        "Written by `tox -e bench`, which runs everything here one after the other, so that what",
        "stands beside each other ran on the same machine in the same minutes. Rates differ from",
        "machine to machine; the last column should not.",
        "",
        f"{day}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}; WAL, synchronous=FULL, dedupe and rollups on.",
        "",
        "| what | figure | beside |",
        "|---|---|---|",
        *(f"| {what} | {figure} | {beside} |" for what, figure, beside in table.lines),
        "",
        "- **floor**: `sqlite3.executemany` of the same rows, decoded beforehand, into the same",
        "  tables with the same indexes, pragmas and counts, in transactions of 1,000.",
        "- **batches**: over HTTP, gzipped, UUIDv7 ids, five properties; acknowledged when synced.",
        "- **plain design**: Flask, the ORM and Marshmallow behind the same front, one commit a",
        "  request, the same indexes, counts and sync.",
        "- **Django's design**: where Djangalytics began: Django under Gunicorn with two workers,",
        "  SQLite as it comes, one row and one commit a request, no unique id, no counts.",
        "- **held**: the server on the first core and wrk, which sends, on the second; **free**:",
        "  both where the system puts them. Medians of three turns.",
        "- **ids**: the store alone, batches of 1,000, its rate over 100,000 events at each size.",
        "  v7 ids grow with time; v4 ids are random, as other vendors' clients make them.",
    ]
    keep_section(file, lines)


def _tail(heard: Heard) -> str:
    bad = {status: count for status, count in heard.statuses.items() if status >= 300}
    return f"p99 {heard.centile(0.99):.1f} ms" + (f" {bad}" if bad else "")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--events", type=int, default=200_000, help="in each run of batches")
    parser.add_argument("--most", type=int, default=2_000_000, help="events of a growth run")
    parser.add_argument("--write", type=Path, help="keep the table as this page")
    given = parser.parse_args()
    table = Table(given.events, given.most)
    for part in given.parts or PARTS:
        if part.startswith("growth-"):
            measure_growth(table, part.removeprefix("growth-"))
        else:
            globals()[f"measure_{part}"](table)
    if given.write:
        write(table, given.write)


if __name__ == "__main__":
    main()
