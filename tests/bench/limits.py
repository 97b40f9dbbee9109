"""`python -m tests.bench.limits`: what the rate limits cost a request, and what a refusal costs.

The first figure is the whole of a limiter's part in a capture, for a key, an address and a project
with a limit of its own, in this process. The second is the processor's time of a real server for
each 429, against the time of a 201 that it takes otherwise, in the same run.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import tempfile
import time
from pathlib import Path

from djangalytics_server.limits.limiter import Limiter
from djangalytics_server.model.sending import RateLimit
from tests.faults.process import ServerProcess

_ONE = json.dumps({"event_name": "x", "properties": {"plan": "pro"}})
_TICKS = os.sysconf("SC_CLK_TCK")


def limiter_microseconds(rounds: int) -> float:
    """One check before the body is read and one admission after, the best of five runs."""
    best, limit = float("inf"), RateLimit(20_000, 1_200_000)
    for _ in range(5):
        limiter = Limiter(20_000, 20_000)
        began = time.perf_counter()
        for _ in range(rounds):
            limiter.check(1, "djw_aaaa", "192.0.2.1", limit)
            limiter.admit(1, "djw_aaaa", "192.0.2.1", 1, limit)
        best = min(best, time.perf_counter() - began)
    return best / rounds * 1e6


def processor_seconds(server: ServerProcess) -> float:
    """What all processes of the server have used of the processors so far."""
    ticks = 0
    for folder in server.members():
        after_name = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks += int(after_name[11]) + int(after_name[12])
    return ticks / _TICKS


def cost_milliseconds(server: ServerProcess, requests: int, status: int) -> float:
    """The server's processor time for each request that is answered with ``status``."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Content-Type": "application/json"}
    before = processor_seconds(server)
    for _ in range(requests):
        connection.request("POST", "/api/capture_event/", _ONE, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status, answer.status
    connection.close()
    return (processor_seconds(server) - before) / requests * 1_000


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5_000)
    count = parser.parse_args().requests
    print(f"limits of a request: {limiter_microseconds(100_000):.1f} µs")
    with tempfile.TemporaryDirectory(prefix="djangalytics-bench-") as folder:
        with ServerProcess(Path(folder), "--limit-key", "0", "--limit-address", "0") as server:
            cost_milliseconds(server, 200, 201)
            taken = cost_milliseconds(server, count, 201)
        with ServerProcess(Path(folder), "--limit-key", "0", "--limit-address", "1") as server:
            cost_milliseconds(server, 60, 201)
            # What the first ones left is owed by now, for longer than this takes.
            body = json.dumps({"events": [{"event_name": "x"}] * 1_000})
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            connection.request(
                "POST", "/api/capture_batch/", body, {"Content-Type": "application/json"}
            )
            connection.getresponse().read()
            connection.close()
            refused = cost_milliseconds(server, count, 429)
    print(f"a 429 costs {refused:.3f} ms of the processor, a 201 {taken:.3f} ms")


if __name__ == "__main__":
    main()
