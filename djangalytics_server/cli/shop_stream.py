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


def main() -> None:
    """Act the shop, at the pace of its visitors."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us
    ended = threading.Event()
    threading.Thread(target=_watch, args=(ended,), daemon=True).start()
    for pause, event in shop.live(rng=random.Random(), clock=lambda: datetime.now(timezone.utc)):  # noqa: S311
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
