"""`python -m tests.crash.mortal`: a program that tracks with a spool, and dies.

It tracks with the real SDK, from two threads, a handful of events at a time, until it is killed or
its standard input ends; then it ends as ``--ending`` says. The log has two lines for each event,
which the system keeps whatever happens to the process: one before ``track()``, one after it.

    about 17           tracked 17 <insert id>
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
from pathlib import Path

from djangalytics_client import Client, Settings

SETTINGS = {
    "linger": 0.05,
    "batch_events": 100,
    "connect_timeout": 1.0,
    "read_timeout": 0.8,
    "answer_timeout": 1.5,
}
THREADS = 2
SPACING = 1_000_000
"""Each thread has numbers of its own."""


def properties(number: int) -> dict[str, object]:
    """What the event of a number has; the judge knows it."""
    return {"number": number, "text": "x" * (number % 97), "even": number % 2 == 0}


def track(client: Client, log: int, first: int, pause: float, stop: threading.Event) -> None:
    """Track some events, and again after a moment."""
    chance = random.Random(first)
    number = first
    while not stop.is_set():
        for _ in range(chance.randrange(1, 20)):
            os.write(log, b"about %d\n" % number)
            insert_id = client.track("mortal", properties(number), distinct_id=f"u-{number % 100}")
            os.write(log, f"tracked {number} {insert_id}\n".encode())
            number += 1
        stop.wait(chance.expovariate(1 / pause))


def main() -> None:
    """Track until the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--spool", required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--pause", type=float, default=0.08)
    parser.add_argument("--ending", choices=["flush", "exit", "os._exit"], default="exit")
    options = parser.parse_args()
    settings = Settings(spool=options.spool, exit_timeout=1.0, **SETTINGS)  # type: ignore[arg-type]
    client = Client(options.url, settings=settings)
    log = os.open(options.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    stop = threading.Event()
    threads = [
        threading.Thread(
            target=track,
            args=(client, log, options.first + place * SPACING, options.pause, stop),
        )
        for place in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    if options.ending == "flush":
        client.flush(5)
    elif options.ending == "os._exit":
        os._exit(0)


if __name__ == "__main__":
    main()
