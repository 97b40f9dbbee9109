"""`python -m tests.crash.sdk_sender --url URL --log FILE`: a program that tracks with the real SDK.

It tracks some events at a time until its standard input ends, flushes, and prints its statistics.
The log has a line for each event that the SDK took: ``sent 7 <insert id>``.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from djangalytics_client import Client, Settings
from tests.faults.events import NAMES

FLUSH_SECONDS = 90.0


class SdkSender:
    """The program, started and told to stop."""

    def __init__(self, url: str, log: Path, seed: str) -> None:
        self.log = log
        options = ["--url", url, "--log", str(log), "--seed", seed]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.sdk_sender", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def acknowledged(self) -> int:
        """How many events the SDK took: it has no more to say while it runs."""
        return self.log.read_text().count("sent ") if self.log.exists() else 0

    def finish(self) -> dict[str, Any]:
        """Let it flush and end. Raises AssertionError unless it accounts for every event."""
        with self._process:
            printed, _ = self._process.communicate(timeout=FLUSH_SECONDS + 60)
        assert 0 == self._process.returncode
        told = json.loads(printed)
        stats = told["stats"]
        assert 0 == told["unsent"], told
        assert stats["tracked"] == stats["sent"] + stats["duplicates"], told
        return {"outcomes": {"events found stored already": stats["duplicates"]}, **told}

    def kill(self) -> None:
        """End it in any case."""
        if self._process.poll() is None:
            self._process.kill()
            with self._process:
                self._process.communicate()


def track(client: Client, file: TextIO, chance: random.Random, stop: threading.Event) -> None:
    """Track a handful of events every few milliseconds."""
    number = 0
    while not stop.is_set():
        for _ in range(chance.randrange(1, 10)):
            number += 1
            properties = {"number": number, "plan": chance.choice(("free", "pro"))}
            insert_id = client.track(chance.choice(NAMES), properties, distinct_id=f"u-{number}")
            if insert_id is not None:
                file.write(f"sent {number} {insert_id}\n")
        stop.wait(chance.expovariate(1 / 0.02))


def main() -> None:
    """Track until standard input ends, then flush."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", default="0")
    options = parser.parse_args()
    client = Client(options.url, settings=Settings(linger=0.05, queue_events=1_000_000))
    stop = threading.Event()
    with options.log.open("w", buffering=1) as file:
        arguments = (client, file, random.Random(options.seed), stop)
        thread = threading.Thread(target=track, args=arguments)
        thread.start()
        sys.stdin.read()
        stop.set()
        thread.join()
    deadline = time.monotonic() + FLUSH_SECONDS
    while (unsent := client.flush(deadline - time.monotonic())) and time.monotonic() < deadline:
        time.sleep(0.1)  # flush returns early when the next try lies beyond its patience
    print(json.dumps({"unsent": unsent, "stats": client.stats()._asdict()}))


if __name__ == "__main__":
    main()
