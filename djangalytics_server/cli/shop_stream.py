"""The shop's live events as JSON lines on standard output, until standard input ends."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
from datetime import datetime, timezone

from djangalytics_server.cli import shop

SECONDS_BETWEEN = 4.0
"""On average; a visitor who watches sees the feed move, and today does not dwarf the month."""


def main() -> None:
    """Act the shop, at the pace of its visitors."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us
    ended = threading.Event()
    threading.Thread(target=_watch, args=(ended,), daemon=True).start()
    chance = random.Random()  # noqa: S311 - a shop of invented people needs no secrets
    for pause, event in shop.live(
        rng=chance, clock=lambda: datetime.now(timezone.utc), every=SECONDS_BETWEEN
    ):
        if ended.wait(pause) or not _say(json.dumps(event)):
            return


def _say(line: str) -> bool:
    """Print a line; False when nobody listens any more."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would be written, and fail again, at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _watch(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main()
