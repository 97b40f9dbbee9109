"""`python -m tests.bench.stats`: GET /api/stats/ over 10,000 and 1,000,000 stored events.

Both servers live in this process and are asked in turn, so the ratio holds although the
machine's speed drifts. The same 30 days, 12 event names and zone are asked of both. The last
lines are the same beside the design that Djangalytics began from (see ``stats_django``).
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

from djangalytics_server import app
from djangalytics_server.config import DATABASE_FILE, Settings
from djangalytics_server.model.event import Event, Submission
from tests.bench import stats_django

NAMES = [f"event_{number:02d}" for number in range(12)]
DAYS = 30
_BATCH = 5_000


def build(folder: Path, count: int) -> app.Server:
    """A server in development mode over ``count`` events spread over the last 30 days."""
    settings = Settings(data=folder, dev=True)
    app.prepare(settings)
    server = app.create_app(settings)
    now = app.now()
    start = now - DAYS * 86_400_000_000
    step = (now - start) // count
    chance = random.Random(count)
    made = (
        Event(
            project_id=1,
            insert_id=f"{place:012x}",
            event_name=chance.choice(NAMES),
            timestamp=start + place * step,
            received_at=now,
            properties='{"plan":"pro","price":12.5,"country":"DE","items":3,"coupon":false}',
            distinct_id=f"person-{chance.randrange(count // 10 + 1)}",
        )
        for place in range(count)
    )
    while batch := tuple(islice(made, _BATCH)):
        server.store.append([Submission(1, now, batch)])
    return server


def measure(servers: dict[int, app.Server], query: str, rounds: int) -> dict[int, float]:
    """Median milliseconds of a whole request, the servers asked in turn."""
    clients = {count: server.test_client() for count, server in servers.items()}
    taken: dict[int, list[float]] = {count: [] for count in servers}
    for _ in range(rounds + 2):
        for count, client in clients.items():
            begin = time.perf_counter()
            answer = client.get(f"/api/stats/{query}")
            taken[count].append((time.perf_counter() - begin) * 1_000)
            if answer.status_code != 200:
                raise SystemExit(f"{query}: {answer.status} {answer.get_data(as_text=True)}")
    return {count: statistics.median(times[2:]) for count, times in taken.items()}


def main() -> None:
    """Print a table of medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    asked = parser.parse_args()
    first = time.strftime("%Y-%m-%d", time.gmtime(time.time() - (DAYS - 1) * 86_400))
    questions = {
        "everything, UTC days": "",
        "30 days, UTC": f"?from={first}",
        "30 days, Berlin": f"?from={first}&tz=Europe/Berlin",
        "30 days, Kathmandu": f"?from={first}&tz=Asia/Kathmandu",
        "30 days, one name": f"?from={first}&event_name=event_03",
        "30 days by hour": f"?from={first}&interval=hour",
    }
    with tempfile.TemporaryDirectory() as folder:
        sizes = (asked.small, asked.large)
        servers = {count: build(Path(folder) / str(count), count) for count in sizes}
        print(f"{'question':<24}{asked.small:>12,} ev{asked.large:>12,} ev   ratio")
        for words, query in questions.items():
            found = measure(servers, query, asked.rounds)
            small, large = found[asked.small], found[asked.large]
            print(f"{words:<24}{small:>12.1f} ms{large:>12.1f} ms{large / small:>8.2f}")
        file = Path(folder) / str(asked.large) / DATABASE_FILE
        beside_django(Path(folder), file, servers[asked.large], f"?from={first}", asked.rounds)
        for server in servers.values():
            server.close()


def beside_django(folder: Path, file: Path, server: app.Server, query: str, rounds: int) -> None:
    """The same numbers from the design that counts all events each time, asked in turn."""
    theirs, client = stats_django.opened(folder, file), server.test_client()
    taken: tuple[list[float], list[float]] = [], []
    for _ in range(min(rounds, 5) + 1):
        for place, ask in enumerate((lambda: client.get(f"/api/stats/{query}"), theirs)):
            begin = time.perf_counter()
            ask()
            taken[place].append((time.perf_counter() - begin) * 1_000)
    ours, plain = (statistics.median(times[1:]) for times in taken)
    print(f"{'30 days, UTC':<24}{ours:>12.1f} ms; Django, which counts: {plain:,.0f} ms")
    print(f"{plain / ours:,.0f} times as fast")


if __name__ == "__main__":
    main()
