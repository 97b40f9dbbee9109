"""Event loops: a program of its own, and FastAPI under uvicorn."""

from __future__ import annotations

import http.client
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.faults.process import answers, free_port, until
from tests.hosts.asgi import EACH
from tests.hosts.house import Run

REQUESTS = 40


def ask(port: int, path: str = "/") -> dict[str, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as client:
        client.request("GET", path)
        answer: dict[str, Any] = json.loads(client.getresponse().read())
        return answer


def test_an_asyncio_program(spoolless: Run) -> None:
    """Tasks track side by side, each in its own context, while others flush; the loop never waits
    for the network, and what is tracked last is sent at the end."""
    spoolless.python(
        """
        import asyncio, time
        import djangalytics_client as d
        from tests.hosts import witness

        async def work(number):
            with d.context(distinct_id=f"user-{number}"):
                for _ in range(5):
                    witness.track()
                    await asyncio.sleep(0)

        async def watch():
            longest = 0.0
            while True:
                began = time.monotonic()
                await asyncio.sleep(0.001)
                longest = max(longest, time.monotonic() - began)
                worst[0] = longest

        async def main():
            watching = asyncio.create_task(watch())
            await asyncio.gather(*map(work, range(40)))
            assert sum(await asyncio.gather(*(d.aflush(30) for _ in range(5)))) == 0
            assert d.stats().queued == 0, d.stats()
            watching.cancel()
            witness.track()

        worst = [0.0]
        asyncio.run(main())
        assert worst[0] < 5, worst
        """
    )
    spoolless.check(201)


@pytest.mark.parametrize("workers", [1, 2])
def test_fastapi_under_uvicorn(spoolless: Run, workers: int) -> None:
    """Each request's events have its user and source; SIGTERM right after the last answer loses
    none of them, in one process and in several."""
    port = free_port()
    options = ["--port", str(port), "--workers", str(workers), "--log-level", "warning"]
    program = spoolless.start("-m", "uvicorn", "tests.hosts.asgi:app", *options)
    assert until(lambda: answers(port, "/?warm"), 30), program.said()
    assert {"left": 0} == ask(port, "/flushed?flusher")
    with ThreadPoolExecutor(8) as crowd:
        pids = {each["pid"] for each in crowd.map(lambda n: ask(port, f"/?{n}"), range(REQUESTS))}
    program.stop()
    spoolless.check()
    assert len(spoolless.tracked()) >= EACH * (1 + REQUESTS) + 1
    assert 1 <= len(pids) <= workers
    with closing(sqlite3.connect(f"file:{spoolless.server.file}?mode=ro", uri=True)) as database:
        question = (
            "SELECT distinct_id, count(*) FROM events"
            " WHERE source = 'api' AND insert_id IN (SELECT value FROM json_each(?)) GROUP BY 1"
        )
        tracked = json.dumps(spoolless.tracked())
        counts = dict(database.execute(question, (tracked,)).fetchall())
    assert {str(n): EACH for n in range(REQUESTS)}.items() <= counts.items()
    assert 1 == counts["flusher"]
