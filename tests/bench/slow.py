"""`python -m tests.bench.slow`: what a good client notices of 50 trickling and 500 idle ones.

Bars: its p99 within twice what it is without them, and the trickling ones ended within 30 s.
"""

from __future__ import annotations

import argparse
import http.client
import random
import tempfile
import threading
import time
from pathlib import Path

from tests.faults import events
from tests.faults.process import ServerProcess, until
from tests.faults.slow import slow_clients


def good_clients(port: int, seconds: float) -> list[float]:
    """Milliseconds of every answer to four kept-alive clients, each about 50 times a second."""
    took: list[float] = []

    def run(place: int) -> None:
        chance = random.Random(place)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.perf_counter()
            answer = events.send(client, events.single(chance))
            took.append((time.perf_counter() - began) * 1000)
            if answer.status != 201:
                raise SystemExit(f"a good client was answered {answer}")
            time.sleep(0.02)
        client.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(took)


def tell(who: str, took: list[float]) -> None:
    """One row of the table."""
    half, most = took[len(took) // 2], took[int(len(took) * 0.99)]
    print(f"| {who} | {len(took):,} | {half:.1f} ms | {most:.1f} ms |", flush=True)


def main() -> None:
    """Print the table, rounds alternating, and when the trickling clients were ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    asked = parser.parse_args()
    print("| good clients | requests | median | p99 |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder)) as server:
        good_clients(server.port, 1)
        for _ in range(asked.rounds):
            tell("alone", good_clients(server.port, asked.seconds))
            with slow_clients(server.port, 25, 25, 500) as slow:
                tell("beside slow ones", good_clients(server.port, asked.seconds))
                if slow.over:
                    print("the slow ones were ended too early to count")
        with slow_clients(server.port, 25, 25, 500) as slow:
            until(lambda: slow.over)
            ended = sorted(one.ended_after or 0.0 for one in slow.tricklers)
        print(f"\nTrickling clients were ended after {ended[0]:.1f} to {ended[-1]:.1f} s.")


if __name__ == "__main__":
    main()
