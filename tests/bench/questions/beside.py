"""`python -m tests.bench.questions.beside`: ingest while heavy questions are asked without pause.

Single events and batches are sent in short turns: alone, beside a stranger, and beside askers who
ask the next heavy question as soon as they have an answer; each turn is measured once all are at
it. The server runs as it is installed, and the askers have a read key. Bars: at least 70 % of the
rate alone, and a p99 of at most 100 ms. The stranger knows nothing of the server and works without
pause at the low priority that questions have. `--write FILE` keeps the table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from tests.bench.ingest import servers
from tests.bench.ingest.events import batches, singles, stream
from tests.bench.ingest.load import Heard, request, send
from tests.bench.page import keep_section
from tests.bench.questions.company import ASKERS, Company
from tests.bench.questions.events import fill

TURNS = 30
SECONDS = 0.5
BATCH = 100
_AT_IT_SECONDS = 0.4
"""How long they send and ask before it is measured."""


def main() -> None:
    """Fill, measure in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="How many to ask about.")
    parser.add_argument("--write", type=Path, help="Keep the table in this page.")
    given = parser.parse_args()
    told: Counter[str] = Counter()
    lines = ["| ingest | alone | beside a stranger | beside questions |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = fill(Path(folder), given.events)
        while server.store.make_block(anew=True):
            pass
        server.close()
        key = read_key(Path(folder))
        with servers.ours(Path(folder)) as target:
            for line in measured(target.port, key, told):
                lines.append(line)
                print(line, flush=True)
    answered = told.pop("200", 0)
    print(f"{answered} heavy questions were answered meanwhile, others: {dict(told) or 'none'}")
    if given.write is not None:
        keep_section(given.write, [*_head(given.events, answered, told.total()), "", *lines])


def read_key(folder: Path) -> str:
    """A key to ask with, made as an operator makes one."""
    command = ["-m", "djangalytics_server", "keys", "create", "--kind", "read"]
    said = subprocess.run(
        [sys.executable, *command, "--data", str(folder)], check=True, stdout=subprocess.PIPE
    )
    return said.stdout.decode().split()[-1]


def measured(port: int, key: str, told: Counter[str]) -> Iterator[str]:
    """A line of the table for each way to send; ``told`` gets the answers, by status."""
    events = stream()
    ways: list[tuple[str, int, int, Callable[[], list[bytes]]]] = [
        (
            "single events",
            16,
            1,
            lambda: [
                request("/api/capture_event/", body, False) for body in singles(events, 11_000)
            ],
        ),
        (
            f"batches of {BATCH}",
            4,
            BATCH,
            lambda: [
                request("/api/capture_batch/", body, True) for body in batches(events, BATCH, 700)
            ],
        ),
    ]
    with (
        closing(Company("labour")) as stranger,
        closing(Company("ask", str(port), key)) as askers,
    ):
        for words, connections, each, make in ways:
            heard: dict[Company | None, list[Heard]] = {None: [], stranger: [], askers: []}
            for turn in range(TURNS + 1):
                for company, turns in heard.items():
                    one = _beside(company, port, make(), connections, told)
                    if turn:  # all of them start in the first
                        turns.append(one)
            alone = heard[None]
            cells = [_shown(turns, alone, each) for turns in heard.values()]
            yield f"| {words}, {connections} connections | {' | '.join(cells)} |"


def _beside(
    company: Company | None,
    port: int,
    requests: list[bytes],
    connections: int,
    told: Counter[str],
) -> Heard:
    if company is not None:
        company.go()
    before = sum(send(port, requests, connections, _AT_IT_SECONDS).statuses.values())
    heard = send(port, requests[before:], connections, SECONDS)
    if company is not None:
        answers = company.rest()
        told.update({status: count - told[status] for status, count in answers.items()})
    return heard


def _shown(turns: list[Heard], alone: list[Heard], each: int) -> str:
    """Events a second, the share of the rate alone, and the slowest hundredth of all turns."""
    if any(status >= 300 for one in turns for status in one.statuses):
        raise SystemExit(f"refused: {[one.statuses for one in turns]}")
    rate = median(one.rate for one in turns) * each
    share = median(one.rate / other.rate for one, other in zip(turns, alone, strict=True))
    p99 = Heard(answers=[seconds for one in turns for seconds in one.answers]).centile(0.99)
    of_alone = "" if turns is alone else f" ({share:.2f})"
    return f"{rate:,.0f}/s{of_alone}, p99 {p99:.1f} ms"


def _head(events: int, answered: int, others: int) -> list[str]:
    day = datetime.now(timezone.utc).date().isoformat()
    refused = f"; {others} were told to come again" if others else ""
    return [
        "## Ingest beside questions",
        "",
        f"{day}, `python -m tests.bench.questions.beside`. {ASKERS} askers ask heavy questions"
        f" about {events:,} events without pause: breakdowns, filters, funnels, retention and SQL."
        f" {answered} were answered meanwhile{refused}. A stranger is a program that knows nothing"
        " of the server and works without pause, at the low priority that questions have, where"
        f" those rest half of the time. Medians of {TURNS} turns of half a second, each after"
        f" {_AT_IT_SECONDS} seconds of the same; in brackets that of the quotients with the rate"
        " alone in the same turn. Client, server and all others share two cores.",
    ]


if __name__ == "__main__":
    main()
