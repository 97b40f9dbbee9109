"""`python -m tests.bench.moving`: what it costs to take a million events out, and in again.

Each is a command in a process of its own: events a second on the wall and of CPU, and its highest
memory over that of the same command with nothing to do. At the end the file must be the same.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path

from djangalytics_server import app
from djangalytics_server.model.event import Submission
from tests.bench.page import keep_section
from tests.bench.questions import events

_BATCH = 5_000
# A process begins with the highest memory of whoever started it, so a small one starts the command.
_MEASURE = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
_PAST = 200 * 86_400 * 1_000_000
"""So far back all events lie, for none may have arrived in the future."""


def fill(folder: Path, count: int) -> None:
    """A server's data with so many events."""
    app.prepare(events.settings(folder))
    server = app.create_app(events.settings(folder))
    made = events.made(count)
    while batch := list(islice(made, _BATCH)):
        moved = [
            event._replace(timestamp=event.timestamp - _PAST, received_at=event.received_at - _PAST)
            for event in batch
        ]
        server.store.append([Submission(1, moved[-1].received_at, tuple(moved))])
    server.close()


def run(*words: str) -> tuple[float, float, float]:
    """A command to its end: seconds, seconds of CPU, and its highest memory in MB."""
    measured = (sys.executable, "-S", "-c", _MEASURE)
    command = (*measured, sys.executable, "-m", "djangalytics_server", *words)
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    code, wall, cpu, memory = json.loads(told.stdout)
    if code != 0:
        raise SystemExit(f"{' '.join(words)}: exit code {code}")
    return wall, cpu, memory


def main() -> None:
    """Print the table, and keep it on a page if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--full", type=Path, help="Data with so many events, made before.")
    parser.add_argument("--write", type=Path, help="The page that keeps the figures.")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="djangalytics-bench-"))
    try:
        if given.full is None:
            fill(folder / "full", given.events)
        shown, same = measured(given.full or folder / "full", folder, given.events)
    finally:
        shutil.rmtree(folder)
    if given.write:
        keep_section(given.write, page(given.events, shown, same))


def measured(full: Path, folder: Path, count: int) -> tuple[list[str], bool]:
    """The rows of the table, and whether the file came out the same in the end."""
    empty, nothing = folder / "empty", folder / "nothing.ndjson"
    app.prepare(events.settings(empty))
    nothing.write_bytes(b"")
    shown = []
    print(f"{count:,} events{'':<12}{'a second':>12}{'of CPU':>12}{'MB over idle':>14}")
    for form in ("ndjson", "csv", "json", "parquet"):
        words = ("export", "--data", str(full), "--format", form)
        _, _, idle = run(*words, "--from", "2200-01-01")
        taken = run(*words, "-o", str(folder / f"out.{form}"))
        shown.append(row(f"export {form}", count, taken, idle))
    words = ("import", "--data", str(empty))
    _, _, idle = run(*words, str(nothing))
    for what, name in (("import ndjson, all new", "ndjson"), ("import csv, all known", "csv")):
        shown.append(row(what, count, run(*words, str(folder / f"out.{name}")), idle))
    run("export", "--data", str(empty), "-o", str(folder / "again.ndjson"))
    same = (folder / "out.ndjson").read_bytes() == (folder / "again.ndjson").read_bytes()
    print("out, in and out again:", "the same file" if same else "ANOTHER FILE")
    return shown, same


def row(what: str, count: int, taken: tuple[float, float, float], idle: float) -> str:
    """A row of the table, shown too."""
    wall, cpu, memory = taken
    figures = f"{count / wall:,.0f}", f"{count / cpu:,.0f}", f"{memory - idle:.0f}"
    print(f"{what:<28}{figures[0]:>12}{figures[1]:>12}{figures[2]:>14}", flush=True)
    return f"| {what} | {figures[0]} | {figures[1]} | {figures[2]} |"


def page(count: int, shown: list[str], same: bool) -> list[str]:
    """The section of the page of figures."""
    again = "gives the same file" if same else "does not give the same file"
    return [
        "## Events out and in",
        "",
        "`python -m tests.bench.moving` makes events, then runs `djangalytics-server export` and",
        f"`import` on them, each in a process of its own. {count:,} events (some 320 bytes each as",
        f"JSON), {os.cpu_count()} cores, SQLite on a local disk,",
        f"{datetime.now(timezone.utc):%d %B %Y}:",
        "",
        "| | events a second | of CPU | MB over idle |",
        "|---|---|---|---|",
        *shown,
        "",
        "*Idle* is the same command with nothing to do; *of CPU* is what one core would",
        "do. An import reads the next events while the last are written, so it uses more than one.",
        f"Out, into an empty server and out again {again}.",
    ]


if __name__ == "__main__":
    main()
