"""`python -m tests.bench.overload`: offer several times what the server can take.

First two client processes find the most it takes. Then they offer ``--times`` as much on many
connections, whatever the answers say, for twice as long: what the last round was still writing at
the end is not counted as taken, and shall not weigh. Every connection waits for its answer before
it asks again, so of the smallest requests a crowd offers what its answers allow. Bars: goodput at
least 80 % of the most, every refusal with Retry-After, at most 300 MB resident, normal answers
again within 5 seconds.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults import crowd, events
from tests.faults.process import ServerProcess

CROWDS = 2
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CROWDS_CORES = _CORES[0], set(_CORES[1:] or _CORES)
"""The server has a core to itself, while the most is looked for and in the flood: what a crowd
costs its own machine is not the server's to answer for."""
USUAL = (32, 128, 512)
"""Numbers of connections among which the most that the server takes is looked for."""


def offer(port: int, seconds: float, connections: int, batch: int, rate: float) -> dict[str, Any]:
    """What two client processes were told, added up."""
    options = ["--connections", str(connections // CROWDS), "--seconds", str(seconds)]
    options += ["--batch", str(batch), "--rate", str(rate / CROWDS)]
    running = [crowd.start(port, *options) for _ in range(CROWDS)]
    for one in running:
        os.sched_setaffinity(one.pid, CROWDS_CORES)
    heard = [crowd.told(one) for one in running]
    total: dict[str, Any] = {"statuses": {}, "milliseconds": []}
    for one in heard:
        for status, count in one["statuses"].items():
            total["statuses"][status] = total["statuses"].get(status, 0) + count
        total["milliseconds"] += one["milliseconds"]
        for name in ("without_retry_after", "lost", "rate", "in_time"):
            total[name] = total.get(name, 0) + one[name]
    total["good"] = total["in_time"] / seconds
    return total


class Watch(threading.Thread):
    """Looks at the server's resident memory until told to stop; ``most`` is in MiB."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(daemon=True)
        self.server, self.most, self.over = server, 0.0, threading.Event()

    def run(self) -> None:
        """Look every tenth of a second."""
        while not self.over.wait(0.1):
            self.most = max(self.most, self.server.resident())


def recovery(port: int, usual: float) -> float:
    """Seconds until ten requests in a row are answered 201 within five times the ``usual`` ms."""
    began, chance, row = time.monotonic(), random.Random(1), 0
    while row < 10 and time.monotonic() - began < 60:
        before = time.monotonic()
        answer = events.post(port, events.single(chance))
        quick = (time.monotonic() - before) * 1000 <= 5 * usual
        row = row + 1 if answer.status == 201 and quick else 0
    return time.monotonic() - began


def alone(port: int) -> float:
    """The median milliseconds of a lone request on a connection of its own."""
    chance, took = random.Random(2), []
    for _ in range(40):
        before = time.monotonic()
        events.post(port, events.single(chance))
        took.append((time.monotonic() - before) * 1000)
    return sorted(took)[20]


def measure(folder: Path, batch: int, times: float, seconds: float, connections: int) -> None:
    """One table row: a server of its own under one size of request."""
    pinned = ("taskset", "-c", str(SERVER_CORE))
    with ServerProcess(folder, prefix=pinned) as server:
        usual = alone(server.port)
        most = max(offer(server.port, seconds, n, batch, 0)["good"] for n in USUAL)
        watch = Watch(server)
        watch.start()
        # No more than it takes to offer so much while each is answered within four seconds.
        enough = min(connections, int(most * times * 4))
        flood = offer(server.port, 2 * seconds, enough, batch, most * times)
        normal = recovery(server.port, usual)
        watch.over.set()
        watch.join()
        code = server.stop()
        with closing(sqlite3.connect(server.file)) as connection:
            stored, distinct = connection.execute(
                "SELECT count(*), count(DISTINCT insert_id) FROM events"
            ).fetchone()
    took = sorted(flood["milliseconds"])
    refused = sum(n for s, n in flood["statuses"].items() if s in ("429", "503"))
    answered = sum(flood["statuses"].values())
    print(
        f"| {batch or 'single'} | {most:,.0f}/s | {flood['rate'] / most:.1f} x |"
        f" {flood['good']:,.0f}/s = {flood['good'] / most:.0%} |"
        f" {took[int(len(took) * 0.99)] / 1000:.1f} s | {refused / answered:.0%} |"
        f" {flood['without_retry_after']} | {flood['lost']} | {watch.most:.0f} MiB |"
        f" {normal:.1f} s | {code}, {stored - distinct} doubled |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=4_000)
    parser.add_argument("--batch", type=int, nargs="*", default=[0, 50, 1_000])
    asked = parser.parse_args()
    print(
        "| events a request | most | offered | goodput | p99 | refused | without Retry-After |"
        " unanswered | peak RSS | normal after | exit |\n|" + "---|" * 11
    )
    for batch in asked.batch:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), batch, asked.times, asked.seconds, asked.connections)


if __name__ == "__main__":
    main()
