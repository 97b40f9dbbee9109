"""`python -m tests.bench.moving`: what it costs to take a million events out, and in again.

Each is a command in a process of its own: events a second on the wall and of CPU, and its highest
memory over that of the same command with nothing to do. At the end the file must be the same.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from djangalytics_server import app
from djangalytics_server.model.event import Submission
from tests.bench.questions import events

_BATCH = 5_000
# A process begins with the highest memory of whoever started it, so a small one starts the command.
_MEASURE = """
import json, os, resource, subprocess, sys, time
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
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--full", type=Path, help="Data with so many events, made before.")
    given = parser.parse_args()
    count = given.events
    folder = Path(tempfile.mkdtemp(prefix="djangalytics-bench-"))
    try:
        full, empty = given.full or folder / "full", folder / "empty"
        if given.full is None:
            fill(full, count)
        app.prepare(events.settings(empty))
        nothing = folder / "nothing.ndjson"
        nothing.write_bytes(b"")
        print(f"{count:,} events{'':<12}{'a second':>12}{'of CPU':>12}{'MB over idle':>14}")
        for form in ("ndjson", "csv", "json", "parquet"):
            words = ("export", "--data", str(full), "--format", form)
            _, _, idle = run(*words, "--from", "2200-01-01")
            show(f"export {form}", count, run(*words, "-o", str(folder / f"out.{form}")), idle)
        words = ("import", "--data", str(empty))
        _, _, idle = run(*words, str(nothing))
        show("import ndjson", count, run(*words, str(folder / "out.ndjson")), idle)
        show("import csv, all known", count, run(*words, str(folder / "out.csv")), idle)
        run("export", "--data", str(empty), "-o", str(folder / "again.ndjson"))
        same = (folder / "out.ndjson").read_bytes() == (folder / "again.ndjson").read_bytes()
        print("out, in and out again:", "the same file" if same else "ANOTHER FILE")
    finally:
        shutil.rmtree(folder)


def show(what: str, count: int, taken: tuple[float, float, float], idle: float) -> None:
    """A line of the table."""
    wall, cpu, memory = taken
    line = f"{what:<28}{count / wall:>12,.0f}{count / cpu:>12,.0f}{memory - idle:>14.0f}"
    print(line, flush=True)


if __name__ == "__main__":
    main()
