"""`python -m tests.bench.questions`: what questions cost over a million events.

Each is a whole request over WSGI to a server in this process, the median of some rounds after one
that is not counted: milliseconds on the wall, and of CPU, which hold on a busy machine too. Where
DuckDB is installed (`pip install duckdb`) the same is asked of a table of its own with the same
events, as the yardstick of a store by columns. `--write FILE` keeps the table on a page.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from djangalytics_server import app
from djangalytics_server.answering import remembered
from djangalytics_server.config import DATABASE_FILE
from tests.bench.page import keep_section
from tests.bench.questions import events, peer
from tests.bench.questions.asked import QUESTIONS, bar_of


def median_ms(ask: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The medians of some rounds after one that is not counted: milliseconds, and of CPU."""
    wall, cpu = [], []
    for _ in range(rounds + 1):
        gc.collect()
        begin, spent = time.perf_counter(), time.process_time()
        ask()
        wall.append((time.perf_counter() - begin) * 1_000)
        cpu.append((time.process_time() - spent) * 1_000)
    return statistics.median(wall[1:]), statistics.median(cpu[1:])


def asker(server: app.Server, question: dict[str, Any]) -> Callable[[], object]:
    """What asks the server once; it must answer. A search without a limit goes on to its end."""
    client = server.test_client()

    def ask() -> object:
        asked = question
        while True:
            answer = client.post("/api/query/", json=asked)
            if answer.status_code != 200:
                raise SystemExit(f"{asked}: {answer.status} {answer.get_data(as_text=True)}")
            whole = "search" in asked and "limit" not in asked
            cursor = answer.get_json().get("next_cursor") if whole else None
            if cursor is None:
                return answer
            asked = {**asked, "cursor": cursor}

    return ask


def opened(folder: Path, count: int) -> app.Server:
    """The server over the events of a folder, which are made if they are not there; in blocks."""
    there = (folder / DATABASE_FILE).exists()
    server = app.create_app(events.settings(folder)) if there else events.fill(folder, count)
    begin, made = time.process_time(), 0
    while server.store.make_block(anew=True):
        made += 1
    print(f"{made} blocks made, {time.process_time() - begin:.1f} s of CPU")
    return server


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, help="keep the events in this folder")
    parser.add_argument("--only", default="", help="questions with this in their words")
    parser.add_argument("--without", nargs="*", default=[], help="none with one of these in them")
    parser.add_argument("--no-peer", action="store_true", help="do not ask DuckDB")
    parser.add_argument("--write", type=Path, help="keep the table on this page")
    parser.add_argument("--explain", action="store_true", help="say how SQLite looks for them")
    asked = parser.parse_args()
    remembered.MOST_ANSWERS = 0  # each round looks anew
    gc.freeze()
    gc.disable()  # as in the processes that answer what takes long: see ``median_ms``
    folder = asked.data or Path(tempfile.mkdtemp(prefix="djangalytics-bench-"))
    try:
        server = opened(folder, asked.events)
        beside = None if asked.no_peer else peer.opened(folder / DATABASE_FILE)
        heads = "".join(f"{head:>8}" for head in ("ms", "CPU ms", "bar", "DuckDB", "its CPU"))
        print(f"{asked.events:,} events\n{'question':<52}{heads}")
        table = []
        for words, bar, question, sql in QUESTIONS:
            if asked.only not in words or any(part in words for part in asked.without):
                continue
            wall, cpu = median_ms(asker(server, question), asked.rounds)
            theirs = ("-", "-")
            if beside is not None and sql:
                theirs = tuple(f"{taken:.0f}" for taken in median_ms(beside(sql), asked.rounds))
            wanted = bar_of(words, bar, asked.events)
            cells = (f"{wall:.0f}", f"{cpu:.0f}", str(wanted or "-"), *theirs)
            print(f"{words:<52}" + "".join(f"{cell:>8}" for cell in cells), flush=True)
            table.append(f"| {words} | {' | '.join(cells)} |")
        server.close()
        if asked.write:
            keep_section(asked.write, page(asked.events, asked.rounds, table))
        if asked.explain:
            explain(folder / DATABASE_FILE)
    finally:
        if asked.data is None:
            shutil.rmtree(folder)


def page(count: int, rounds: int, table: list[str]) -> list[str]:
    """The section of the page of figures."""
    return [
        f"## Questions over {count:,} events",
        "",
        "`python -m tests.bench.questions` asks each over WSGI, with nothing remembered:",
        f"milliseconds of a whole request, and of CPU, medians of {rounds}. {count:,} events,",
        "in blocks; a search goes on until all is looked through, unless it is common;",
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, SQLite",
        f"{sqlite3.sqlite_version}, {datetime.now(timezone.utc):%d %B %Y}.",
        "",
        "| question | ms | CPU ms | wanted | DuckDB's own table | its CPU |",
        "|---|---|---|---|---|---|",
        *table,
    ]


def explain(file: Path) -> None:
    """How SQLite looks for one slot of each sort."""
    connection = sqlite3.connect(file)
    for what in ("count(*)", "count(DISTINCT distinct_id)"):
        for name in ("", " AND event_name = 'event_00'"):
            statement = (
                f"SELECT {what} FROM events WHERE project_id = 1{name}"
                " AND timestamp >= 1 AND timestamp < 2"
            )
            rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            print(statement, "→", "; ".join(str(row[-1]) for row in rows))
    connection.close()


if __name__ == "__main__":
    main()
