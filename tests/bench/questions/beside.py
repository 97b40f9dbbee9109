"""`python -m tests.bench.questions.beside`: ingest while heavy questions are asked without pause.

Single events and batches are sent in turns, once alone and once beside askers who ask the next
heavy question as soon as they have an answer. The server runs as it is installed, and the askers
have a read key. Bars: at least 70 % of the rate alone, and a p99 of at most 100 ms. `--write FILE`
keeps the table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from tests.bench.ingest import servers
from tests.bench.ingest.events import batches, singles, stream
from tests.bench.ingest.load import Heard, request, send
from tests.bench.page import keep_section
from tests.bench.questions.asked import QUESTIONS
from tests.bench.questions.events import fill

ASKERS = 2
TURNS = 9
CONNECTIONS = 16
BATCH = 100
_MOST = 60_000
_SQL = "select properties ->> 'country' c, count(distinct distinct_id) from events group by c"
HEAVY = ("every event, breakdown", "every event, filter", "funnel of the 3", "weekly retention")


def ask(port: int, key: str) -> None:
    """Ask the heavy questions over and over, and print how many were answered, by status."""
    bodies = [
        ("/api/query/", question) for words, _, question, _ in QUESTIONS if words.startswith(HEAVY)
    ]
    bodies.append(("/api/sql/", {"sql": _SQL}))
    heard: Counter[int] = Counter()
    stop = threading.Event()
    threads = [
        threading.Thread(
            target=_ask, args=(port, key, bodies[place:] + bodies[:place], heard, stop)
        )
        for place in range(ASKERS)
    ]
    for thread in threads:
        thread.daemon = True
        thread.start()
    sys.stdin.readline()
    stop.set()
    print(json.dumps(heard), flush=True)


def _ask(
    port: int,
    key: str,
    bodies: list[tuple[str, dict[str, object]]],
    heard: Counter[int],
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        for path, body in bodies:
            if stop.is_set():
                return
            url = f"http://127.0.0.1:{port}{path}"
            asked = urllib.request.Request(url, json.dumps(body).encode())
            asked.add_header("Content-Type", "application/json")
            asked.add_header("Authorization", f"Bearer {key}")
            try:
                with urllib.request.urlopen(asked, timeout=120) as answer:
                    answer.read()
                    heard[answer.status] += 1
            except urllib.error.HTTPError as error:
                heard[error.code] += 1


@contextmanager
def asking(port: int, key: str, told: Counter[str]) -> Iterator[None]:
    """Within the block the askers ask; ``told`` gets how many were answered, by status."""
    command = [sys.executable, "-m", "tests.bench.questions.beside", "--ask", str(port)]
    asker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert asker.stdin is not None
    asker.stdin.write(f"{key}\n")
    asker.stdin.flush()
    try:
        threading.Event().wait(3)  # until both are at it
        yield
    finally:
        said, _ = asker.communicate("\n", timeout=150)
        told.update(json.loads(said))


def main() -> None:
    """Fill, measure in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="How many to ask about.")
    parser.add_argument("--seconds", type=float, default=2.0, help="Of each measurement.")
    parser.add_argument("--write", type=Path, help="Keep the table in this page.")
    parser.add_argument("--ask", type=int, help="The port of a server to ask; for itself.")
    given = parser.parse_args()
    if given.ask is not None:
        ask(given.ask, sys.stdin.readline().strip())
        return
    told: Counter[str] = Counter()
    lines = [
        "| ingest | alone | beside questions | of alone | p99 alone | p99 beside |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = fill(Path(folder), given.events)
        while server.store.make_block(anew=True):
            pass
        server.close()
        key = read_key(Path(folder))
        with servers.ours(Path(folder)) as target:
            for line in measured(target.port, key, given.seconds, told):
                lines.append(line)
                print(line, flush=True)
    answered = told.get("200", 0)
    others = {status: count for status, count in told.items() if status != "200"}
    print(f"{answered} heavy questions were answered meanwhile, others: {others or 'none'}")
    if given.write is not None:
        keep_section(given.write, [*_head(given.events, answered, others), "", *lines])


def read_key(folder: Path) -> str:
    """A key to ask with, made as an operator makes one."""
    command = ["-m", "djangalytics_server", "keys", "create", "--kind", "read"]
    said = subprocess.run(
        [sys.executable, *command, "--data", str(folder)], check=True, stdout=subprocess.PIPE
    )
    return said.stdout.decode().split()[-1]


def measured(port: int, key: str, seconds: float, told: Counter[str]) -> Iterator[str]:
    """A line of the table for each way to send: medians of the turns."""
    events = stream()
    ways = {
        f"single events, {CONNECTIONS} connections": lambda: [
            request("/api/capture_event/", body, False) for body in singles(events, _MOST)
        ],
        f"batches of {BATCH}, 4 connections": lambda: [
            request("/api/capture_batch/", body, True) for body in batches(events, BATCH, 2_000)
        ],
    }
    for way, make in ways.items():
        connections = CONNECTIONS if way.startswith("single") else 4
        alone: list[Heard] = []
        beside: list[Heard] = []
        send(port, make()[:500], connections, 10)
        for _ in range(TURNS):
            alone.append(send(port, make(), connections, seconds))
            with asking(port, key, told):
                beside.append(send(port, make(), connections, seconds))
        if any(status >= 300 for h in (*alone, *beside) for status in h.statuses):
            raise SystemExit(f"refused: {[h.statuses for h in (*alone, *beside)]}")
        one, other = median(h.rate for h in alone), median(h.rate for h in beside)
        share = median(b.rate / a.rate for a, b in zip(alone, beside, strict=True))
        slow, slower = (median(h.centile(0.99) for h in heard) for heard in (alone, beside))
        each = 1 if way.startswith("single") else BATCH
        yield (
            f"| {way} | {one * each:,.0f}/s | {other * each:,.0f}/s | {share:.2f}"
            f" | {slow:.1f} ms | {slower:.1f} ms |"
        )


def _head(events: int, answered: int, others: dict[str, int]) -> list[str]:
    day = datetime.now(timezone.utc).date().isoformat()
    refused = f"; {sum(others.values())} were told to come again" if others else ""
    return [
        "## Ingest beside questions",
        "",
        f"{day}, `python -m tests.bench.questions.beside`. {ASKERS} askers ask heavy questions"
        f" about {events:,} events without pause: breakdowns, filters, funnels, retention and SQL."
        f" {answered} were answered meanwhile{refused}. Medians of {TURNS} turns, alone and beside"
        " them, the share of the quotients within a turn; client, server and askers share the"
        " machine.",
    ]


if __name__ == "__main__":
    main()
