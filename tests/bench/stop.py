"""`python -m tests.bench.stop`: SIGTERM while clients send without pause.

Bars: exit code 0 within 5 seconds, no request without an answer, nothing acknowledged lost.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.crash import judge
from tests.faults.process import ServerProcess, until
from tests.faults.sender import Sender


def measure(folder: Path, workers: int) -> str:
    """One stop: exit code, seconds, requests without an answer, faults found afterwards."""
    with ServerProcess(folder, "--workers", str(workers)) as server:
        options = ("--connections", "8", "--once")
        logs = [folder / f"client-{place}.log" for place in range(2)]
        senders = [Sender(server.port, log, *options) for log in logs]
        until(lambda: all(sender.acknowledged() > 100 for sender in senders))
        began = time.monotonic()
        code = server.stop()
        took = time.monotonic() - began
        outcomes = [sender.finish()["outcomes"] for sender in senders]
    account = judge.read_logs(logs)
    faults = judge.judge(judge.sqlite_url(server.file), account)
    unanswered = sum(one.get("lost", 0) + one.get("timeout", 0) for one in outcomes)
    return (
        f"| {workers} | {code} | {took:.1f} s | {unanswered} | {len(account.acknowledged):,} |"
        f" {'; '.join(faults) or 'none'} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print("| workers | exit | after | unanswered | acknowledged | faults |\n|" + "---|" * 6)
    for workers in (1, 2):
        for _ in range(asked.rounds):
            with tempfile.TemporaryDirectory() as folder:
                print(measure(Path(folder), workers), flush=True)


if __name__ == "__main__":
    main()
