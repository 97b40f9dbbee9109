"""`python -m tests.crash`: kill the server at random moments, restart it, account for every event.

Clients in processes of their own send to a real server and note what it acknowledged; what got no
answer they send again, with the same insert ids. At the end every acknowledged event must be in
the database exactly once, nothing may be there that was never sent, every rollup must equal a
recount, and SQLite must find its file sound. Exit code 1 says that this does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crash.rounds import Plan, run


def main() -> int:
    """Run as asked; 0 when nothing was lost, doubled or miscounted."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="kills (200)")
    parser.add_argument("--clients", type=int, default=4, help="client processes (4)")
    parser.add_argument("--workers", type=int, default=1, help="the server's worker processes (1)")
    parser.add_argument("--sdk", action="store_true", help="clients are programs with the SDK")
    parser.add_argument("--seed", type=int, default=1, help="of the moments and the events (1)")
    parser.add_argument("--batch", type=int, default=50, help="events of a batch (50)")
    parser.add_argument("--pause", type=float, default=0.02, help="mean s between requests (0.02)")
    parser.add_argument("--life", type=float, default=2.0, help="longest life in s (2)")
    parser.add_argument("--database-url", default="", help="an empty database of another engine")
    parser.add_argument("--keep", type=Path, help="an empty folder to keep data and logs in")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crash-") as temporary:
        plan = Plan(
            folder=asked.keep or Path(temporary),
            rounds=asked.rounds,
            clients=asked.clients,
            workers=asked.workers,
            sdk=asked.sdk,
            database_url=asked.database_url,
            seed=asked.seed,
            batch=asked.batch,
            pause=asked.pause,
            longest_life=asked.life,
        )
        plan.folder.mkdir(parents=True, exist_ok=True)
        result = run(plan, lambda words: print(words, flush=True))
    print(f"attempts: {', '.join(f'{n:,} {what}' for what, n in sorted(result.outcomes.items()))}")
    for fault in result.faults:
        print(f"FAULT: {fault}")
    print(result.line(plan))
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
