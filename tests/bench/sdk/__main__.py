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
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from tests.bench.page import keep_section
from tests.bench.sdk.processes import Told, in_turns, measure
from tests.bench.sdk.sdks import ALL
from tests.bench.sdk.worker import SLICED
from tests.faults.process import compiled

HEADING = "## The SDK"
OURS = ("spooled", "ours")
CALLS = ("idle", "busy", "threads")
TURNS = 10
"""Slices of each SDK for one of the ``--times``."""


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
        elif task in SLICED and task not in self._known:
            names = [*self.names, "floor"] if task == "idle" else self.names
            self._known[task] = in_turns(names, task, TURNS * self._times)
            self._keep()
        elif task not in ("import", *SLICED):
            self._turns(task)
        return statistics.median(told[key] for told in self._known[task][name])

    def beside(self, name: str, other: str, task: str, key: str) -> float:
        """The median of one figure of an SDK beside that of another in the same turn."""
        self.get(name, task, key)
        both = zip(self._known[task][name], self._known[task][other], strict=True)
        return statistics.median(one[key] / two[key] for one, two in both)

    def _imports(self) -> dict[str, list[Told]]:
        packages = {name: ALL[name].package for name in self.names} | {"floor": "requests"}
        took = import_times([*dict.fromkeys(packages.values())])
        return {name: [took[package]] for name, package in packages.items()}

    def _turns(self, task: str) -> None:
        told = self._known.setdefault(task, {})
        for turn in range(self._times):
            for name in self.names:
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
        rivals = [name for name in figures if rival(name, task)]
        best = (max if more else min)(rivals, key=figures.__getitem__) if rivals else None
        beside = {}
        if best is not None and figures[best] and task != "import":  # nothing is beside a nought
            beside = {
                name: measurements.beside(name, best, task, key) for name in OURS if name in figures
            }
        elif task == "import":
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
        "  same interpreter. Mixpanel's buffer sends in the call. Both in slices of 1,000 calls,",
        "  one SDK after the other; a figure is the median of its slices, and what is beside it",
        "  that of the quotients within one turn, as the machine may change its speed between two.",
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
