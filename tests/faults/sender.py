"""`python -m tests.faults.sender --port N --log FILE`: clients that send until told to stop.

Each connection sends one request after the other and keeps it until it is answered for good: what
got no answer, or 408, 429 or 503, is sent again with the same insert ids, as the SDK does. The log
holds what was sent before it goes out, and what was acknowledged after its answer was read:

    sent 3 <insert id> …          bad 3 <insert id> …
    done 3 200                    fail 3 503 | refused | lost | timeout

At the end of standard input the requests under way are still brought to their end. Then a line of
JSON tells how attempts ended, by outcome, and the milliseconds that answers took.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, TextIO

from tests.faults import events
from tests.faults.events import Request

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
LAST_TRY_SECONDS = 60.0
"""How long after the end a request without an answer is tried again."""


class Log:
    """One file that several threads write whole lines to."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.outcomes: Counter[str] = Counter()
        self.milliseconds: list[float] = []

    def line(self, *words: object) -> None:
        """Write one line."""
        with self._lock:
            self._file.write(" ".join(map(str, words)) + "\n")

    def ended(self, number: int, outcome: str, began: float) -> None:
        """Note how an attempt ended."""
        with self._lock:
            self.outcomes[outcome] += 1
            if outcome.isdigit():
                self.milliseconds.append((time.monotonic() - began) * 1000)
        self.line("done" if outcome in ("200", "201", "207") else "fail", number, outcome)


class Connection:
    """One kept-alive connection and its requests."""

    def __init__(self, options: argparse.Namespace, log: Log, place: int, stop: threading.Event):
        self._options = options
        self._log = log
        self._stop = stop
        self._step = options.connections
        self._number = place
        self._chance = random.Random(f"{options.seed}-{place}")
        self._client = http.client.HTTPConnection("127.0.0.1", options.port, options.timeout)
        self._gives_up = float("inf")

    def run(self) -> None:
        """Send until told to stop."""
        while not self._stop.is_set():
            self._number += self._step
            request = self._compose()
            self._log.line("sent", self._number, *request.ids)
            if request.bad:
                self._log.line("bad", self._number, *request.bad)
            self._deliver(request)
            if self._options.pause:
                self._stop.wait(self._chance.expovariate(1 / self._options.pause))
        self._client.close()

    def _compose(self) -> Request:
        if self._chance.random() < self._options.singles:
            return events.single(self._chance)
        bad = 1 if self._chance.random() < self._options.bad else 0
        return events.batch(self._chance, self._options.batch, bad)

    def _deliver(self, request: Request) -> None:
        while not self._attempt(request):
            if self._options.once:
                return
            if self._stop.is_set():
                self._gives_up = min(self._gives_up, time.monotonic() + LAST_TRY_SECONDS)
            if time.monotonic() > self._gives_up:
                return
            time.sleep(self._chance.uniform(0.02, 0.2))

    def _attempt(self, request: Request) -> bool:
        """Whether the request needs no further attempt."""
        began = time.monotonic()
        try:
            if self._client.sock is None:
                self._client.connect()
        except OSError:
            self._fail("refused", began)
            return False
        try:
            answer = events.send(self._client, request)
        except TimeoutError:
            self._fail("timeout", began)
            return False
        except (OSError, http.client.HTTPException):
            self._fail("lost", began)
            return False
        self._log.ended(self._number, str(answer.status), began)
        if answer.status in (429, 503) and "retry-after" not in answer.headers:
            self._log.ended(self._number, "no-retry-after", began)
        return answer.status not in PASSING

    def _fail(self, outcome: str, began: float) -> None:
        self._client.close()
        self._log.ended(self._number, outcome, began)


class Sender:
    """The program, started and told to stop."""

    def __init__(self, port: int, log: Path, *options: str) -> None:
        self.log = log
        given = ["--port", str(port), "--log", str(log), *options]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sender", *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def acknowledged(self) -> int:
        """How many requests have been acknowledged until now."""
        return self.log.read_text().count("done ") if self.log.exists() else 0

    def finish(self) -> dict[str, Any]:
        """Let it end: what it printed last."""
        with self._process:
            printed, _ = self._process.communicate(timeout=LAST_TRY_SECONDS + 60)
        assert 0 == self._process.returncode
        return dict(json.loads(printed))

    def kill(self) -> None:
        """End it in any case."""
        if self._process.poll() is None:
            self._process.kill()
            with self._process:
                self._process.communicate()


def main() -> None:
    """Send until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--batch", type=int, default=50, help="events of a batch")
    parser.add_argument("--singles", type=float, default=0.2, help="share of single events")
    parser.add_argument("--bad", type=float, default=0.05, help="share of batches with a bad event")
    parser.add_argument("--pause", type=float, default=0.0, help="mean seconds between requests")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds to wait for an answer")
    parser.add_argument("--once", action="store_true", help="never send anything again")
    parser.add_argument("--seed", default="0")
    options = parser.parse_args()
    stop = threading.Event()
    with options.log.open("w", buffering=1) as file:
        log = Log(file)
        threads = [
            threading.Thread(target=Connection(options, log, place, stop).run)
            for place in range(options.connections)
        ]
        for thread in threads:
            thread.start()
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()
        stop.set()
        for thread in threads:
            thread.join()
    print(json.dumps({"outcomes": log.outcomes, "milliseconds": log.milliseconds}))


if __name__ == "__main__":
    main()
