"""`python -m tests.bench.sdk`: the SDK beside others and beside floors, all in one run.

Every figure is the median of some fresh processes against a server on the loopback that only
counts. SDKs of others are measured where they are installed. Prints a table; `--write FILE` keeps
it, dated, as the section of a page. The whole run takes some minutes; name parts to run those.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.bench.page import keep_section
from tests.bench.sdk.sdks import ALL
from tests.bench.sdk.worker import EVENTS
from tests.faults.process import compiled

HEADING = "## The SDK"
OURS = ("spooled", "ours")
CALLS = ("idle", "busy", "threads")
Told = dict[str, float]


class Sink:
    """The server, a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self.url = self._stdout.readline().strip()

    def counts(self) -> Told:
        """What it has had so far."""
        self._stdin.write("\n")
        self._stdin.flush()
        told: Told = json.loads(self._stdout.readline())
        return told

    def until(self, events: float) -> Told:
        """The counts once so many events have come; RuntimeError when they do not."""
        for _ in range(1200):
            counts = self.counts()
            if counts["events"] >= events:
                return counts
            time.sleep(0.025)
        raise RuntimeError(f"{events} events were tracked, {counts} came")


@contextmanager
def sink() -> Iterator[Sink]:
    """A fresh server."""
    command = [sys.executable, "-m", "tests.bench.sdk.sink"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield Sink(process)
        process.stdin.close()  # type: ignore[union-attr]


@contextmanager
def elsewhere() -> Iterator[dict[str, str]]:
    """An environment whose temporary files are gone afterwards, however a program ends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield {**os.environ, "TMPDIR": folder}


def measure(name: str, task: str) -> Told:
    """One measurement of one SDK."""
    with sink() as server, elsewhere() as environment:
        command = [sys.executable, "-m", "tests.bench.sdk.worker", name, task, server.url]
        pipe = subprocess.PIPE
        marks: list[Told] = []
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=environment
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            told: dict[str, Any] = {}
            for line in process.stdout:
                told = json.loads(line)
                if "stage" in told:
                    marks.append(server.until(500 if not marks else 500 + EVENTS))
                    process.stdin.write("\n")
                    process.stdin.flush()
        if process.returncode or not told:
            raise RuntimeError(f"{name} could not be measured: {task}")
    if marks:
        warm, end = marks
        told["rate"] = EVENTS / (end["last"] - told["began"])
        told["wire"] = (end["size"] - warm["size"]) / EVENTS
    return told


def import_times(packages: list[str]) -> dict[str, Told]:
    """Milliseconds of processor time that importing each takes beside an empty program, compiled
    beforehand as what is installed is, and that beside ``requests`` of the same turn.

    All take turns, so that they share what else the machine does; the medians of 21 turns.
    """
    environment = compiled(os.environ)

    def once(program: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    programs = {"": "pass", **{name: f"import {name}" for name in ("requests", *packages)}}
    turns = [{name: once(code) for name, code in programs.items()} for _ in range(22)][1:]
    took = [{name: spent - turn[""] for name, spent in turn.items()} for turn in turns]
    return {
        name: {
            "ms": statistics.median(turn[name] * 1000 for turn in took),
            "beside": statistics.median(turn[name] / turn["requests"] for turn in took),
        }
        for name in packages
    }


class Measurements:
    """Each task for all SDKs, who take turns at it, as often as asked; rows share the figures.

    With a file, each measurement is kept there and not made again: so a long run can be made in
    parts, and one that is cut off loses none but the last.
    """

    def __init__(self, names: list[str], times: int, file: Path | None = None) -> None:
        self.names = names
        self._times = times
        self._file = file
        self._known: dict[str, dict[str, list[Told]]] = {}
        if file is not None and file.exists():
            self._known = json.loads(file.read_text())

    def get(self, name: str, task: str, key: str) -> float:
        """The median of one figure."""
        if task == "import" and task not in self._known:
            self._known[task] = self._imports()
            self._keep()
        elif task != "import":
            self._turns(task)
        return statistics.median(told[key] for told in self._known[task][name])

    def _imports(self) -> dict[str, list[Told]]:
        packages = {name: ALL[name].package for name in self.names} | {"floor": "requests"}
        took = import_times([*dict.fromkeys(packages.values())])
        return {name: [took[package]] for name, package in packages.items()}

    def _turns(self, task: str) -> None:
        names = [*self.names, "floor"] if task == "idle" else self.names
        told = self._known.setdefault(task, {})
        for turn in range(self._times):
            for name in names:
                if len(told.setdefault(name, [])) <= turn:
                    told[name].append(measure(name, task))
                    self._keep()

    def _keep(self) -> None:
        if self._file is not None:
            self._file.write_text(json.dumps(self._known))


Row = tuple[str, str, str, Callable[[float], str], bool, bool]
"""What, task, figure, how it is written, whether more is better, whether there is a floor."""


def micro(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def share(value: float) -> str:
    return f"{value:.2g}" if value < 0.1 else f"{value:.2f}"


def whole_number(value: float) -> str:
    return f"{value:,.0f}"


ROWS: tuple[Row, ...] = (
    ("`track()`, sender idle, median µs", "idle", "median", micro, False, True),
    ("`track()`, sender busy, median µs", "busy", "median", micro, False, False),
    ("`track()`, sender busy, p99 µs", "busy", "p99", micro, False, False),
    ("`track()`, 8 threads, sender busy, median µs", "threads", "median", micro, False, False),
    ("`track()`, 8 threads, sender busy, p99 µs", "threads", "p99", micro, False, False),
    (
        "longest pause of the collector, 100,000 queued, µs",
        "collection",
        "pause",
        micro,
        False,
        False,
    ),
    ("memory of a queued event, bytes", "memory", "bytes", whole_number, False, False),
    ("end to end, events/s", "whole", "rate", whole_number, True, False),
    ("CPU s per million events", "whole", "processor", lambda v: f"{v * 20:.1f}", False, False),
    ("bytes an event on the wire", "whole", "wire", whole_number, False, False),
    ("import, CPU ms", "import", "ms", whole_number, False, True),
)


def rival(name: str, task: str) -> bool:
    """Whether our figures are put beside those of an SDK: for a call, if it sends in a thread."""
    return name not in OURS and not (task in CALLS and ALL[name].sends_in_the_call)


def table(measurements: Measurements, parts: list[str]) -> list[str]:
    """The lines of the table; printed as they come."""
    names = measurements.names
    titles = [ALL[name].title for name in names]
    lines = [f"| | {' | '.join(titles)} | floor |", "|---" * (len(names) + 2) + "|"]
    print("\n".join(lines), flush=True)
    for what, task, key, written, more, floor in ROWS:
        if parts and task not in parts:
            continue
        figures = {name: measurements.get(name, task, key) for name in names}
        rivals = [f for name, f in figures.items() if rival(name, task)]
        best = (max if more else min)(rivals) if rivals else 0.0
        beside = {name: figures[name] / best for name in OURS if name in figures and best}
        if task == "import":
            beside = {
                name: measurements.get(name, task, "beside") for name in OURS if name in names
            }
        cells = [
            f"{written(figure)} ({share(beside[name])})" if name in beside else written(figure)
            for name, figure in figures.items()
        ]
        bare = written(measurements.get("floor", task, key)) if floor else ""
        lines.append(f"| {what} | {' | '.join(cells)} | {bare} |")
        print(lines[-1], flush=True)
    return lines


def section(lines: list[str]) -> list[str]:
    """The section of the page."""
    day = datetime.now(timezone.utc).date().isoformat()
    return [
        HEADING,
        "",
        f"{day}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()};"
        f" load {os.getloadavg()[2]:.0f} (other work, if it is more than the cores).",
        "In brackets: beside the best of the others; for a call, of those that send in a thread of",
        "their own; for the import, beside the floor. What one row says was measured in one run,",
        "the SDKs in turns.",
        "",
        *lines,
        "",
        "- Five properties and a distinct id in each event; every SDK with its own defaults, but",
        "  with room for all events in its queue. The server on the loopback only counts.",
        "- **idle**: nothing is sent meanwhile; **busy**: a tight loop, and the sender wants the",
        "  same interpreter. Mixpanel's buffer sends in the call.",
        "- **collector**: the longest that it held up a call while 100,000 events queued up.",
        "- **memory**: what belongs to no file; the spool's events are in one.",
        "- **end to end**: 50,000 events, from the first `track()` until the server has the last.",
        "- **floor**: a bare append to a deque; `import requests`.",
    ]


def main() -> None:
    """Run what is asked for."""
    tasks = list(dict.fromkeys(row[1] for row in ROWS))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(tasks)}; all if none is named")
    parser.add_argument("--sdks", default="", help=f"of {','.join(ALL)}; those installed")
    parser.add_argument("--times", type=int, default=3, help="processes for each figure (3)")
    parser.add_argument("--write", type=Path, help="keep the table in this page")
    parser.add_argument("--known", type=Path, help="keep what is measured here, and use it")
    given = parser.parse_args()
    wanted = given.sdks.split(",") if given.sdks else list(ALL)
    names = [name for name in wanted if ALL[name].is_installed()]
    lines = table(Measurements(names, given.times, given.known), given.parts)
    if given.write:
        keep_section(given.write, section(lines))


if __name__ == "__main__":
    main()
