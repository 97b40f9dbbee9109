"""`python -m tests.bench.sdk.full`: what callers notice, and are told, when there is no more room.

Nobody listens at the server's address; the queue has room for a thousand events and the spool,
where there is one, for a quarter of a megabyte. Four threads track on, a thousand events a second
each. Prints what a call takes, what memory grows by once all is full, and three counts of what was
lost that must be one: calls that gave no id, `stats().lost`, and what `on_error` was told. `--write
FILE` keeps the table, dated, as a section of a page.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from array import array
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from djangalytics_client import Client, Hooks, Loss, Settings
from tests.bench.page import keep_section
from tests.bench.sdk.processes import elsewhere
from tests.bench.sdk.sdks import Sdk
from tests.bench.sdk.worker import AT_ONCE, TOGETHER, in_threads, microseconds, produce, resident
from tests.faults.process import free_port

HEADING = "## The SDK without room"
SECONDS = 6.0
QUEUE_EVENTS, SPOOL_BYTES = 1000, 256 * 1024
CASES = {"the queue, without a spool": False, "the spool and the queue": True}


class Told:
    """What `on_error` heard: how many losses of each reason."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def __call__(self, loss: Loss) -> None:
        self.counts[loss.reason] = self.counts.get(loss.reason, 0) + 1


class Full(Sdk):
    """The SDK with little room. Counts the calls that gave no id, each thread its own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._own = threading.local()
        self.refused: list[list[int]] = []

    def track(self, name: str, properties: dict[str, Any], distinct_id: str) -> object:
        insert_id = self._client.track(name, properties, distinct_id=distinct_id)
        if insert_id is None:
            self._mine()[0] += 1
        return insert_id

    def _mine(self) -> list[int]:
        if not hasattr(self._own, "count"):
            self._own.count = [0]
            self.refused.append(self._own.count)
        count: list[int] = self._own.count
        return count


def track(spool: str) -> dict[str, Any]:
    """The work of one process: what each call took once there was no room, and what was lost."""
    told = Told()
    settings = Settings(spool=spool, spool_bytes=SPOOL_BYTES, queue_events=QUEUE_EVENTS)
    client = Client(
        f"http://127.0.0.1:{free_port()}", settings=settings, hooks=Hooks(on_error=told)
    )
    sdk = Full(client)
    while not client.stats().lost:
        produce(sdk, 0, 10)
        time.sleep(0.01)
    before = resident()
    results = in_threads(sdk, SECONDS)
    took = array("q", b"".join(map(bytes, results)))
    grown = resident() - before - sum(map(sys.getsizeof, results))  # without our own notes
    stats = client.stats()
    for _ in range(200):
        if sum(told.counts.values()) == sum(stats.lost.values()):
            break
        time.sleep(0.05)
    return {
        **microseconds(took),
        "calls": len(took),
        "grown": grown,
        "refused": sum(count[0] for count in sdk.refused),
        "lost": dict(stats.lost),
        "told": told.counts,
        "kept": stats.queued,
    }


def measure(spooled: bool) -> dict[str, Any]:
    """One case, in a fresh process."""
    with elsewhere() as environment:
        spool = str(Path(environment["TMPDIR"], "spool")) if spooled else "off"
        command = [sys.executable, "-m", "tests.bench.sdk.full", "--track", spool]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def written(counts: dict[str, int]) -> str:
    """Losses by reason."""
    return ", ".join(f"{number:,} {reason}" for reason, number in counts.items()) or "none"


def table() -> list[str]:
    """The lines of the table; printed as they come."""
    lines = [
        "| what is full | calls | median µs | p99 µs | longest ms | memory, MiB more "
        "| calls without an id | `stats().lost` | told to `on_error` | events kept |",
        "|---" * 10 + "|",
    ]
    print("\n".join(lines), flush=True)
    for case, spooled in CASES.items():
        told = measure(spooled)
        lines.append(
            f"| {case} | {told['calls']:,} | {told['median']:.0f} | {told['p99']:.0f} "
            f"| {told['longest'] / 1000:.1f} | {told['grown'] / 2**20:.1f} | {told['refused']:,} "
            f"| {written(told['lost'])} | {written(told['told'])} | {told['kept']:,} |"
        )
        print(lines[-1], flush=True)
    return lines


def section(lines: list[str]) -> list[str]:
    """The section of the page."""
    day = datetime.now(timezone.utc).date().isoformat()
    return [
        HEADING,
        "",
        f"{day}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()};"
        " `python -m tests.bench.sdk.full`.",
        f"Nobody listens, the queue has room for {QUEUE_EVENTS:,} events and the spool, where",
        f"there is one, for {SPOOL_BYTES // 1024} KiB. {TOGETHER} threads track {AT_ONCE} events",
        f"each, wait for 10 ms, and so on for {SECONDS:.0f} s. We want a p99 under 1,000 µs, no",
        "more memory, and three counts that are one: calls that gave no id, `stats().lost`, and",
        "what `on_error` was told.",
        "",
        *lines,
    ]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="keep the table in this page")
    parser.add_argument("--track", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.track:
        print(json.dumps(track(given.track)), flush=True)
        os._exit(0)  # what is queued is of no use to anybody
    lines = table()
    if given.write:
        keep_section(given.write, section(lines))


if __name__ == "__main__":
    main()
