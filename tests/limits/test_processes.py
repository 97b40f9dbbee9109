"""The limits as whole servers keep them, with a real Redis between them and without one."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests import redis
from tests.faults.process import ServerProcess
from tests.helpers import command
from tests.limits.test_shared import server

__all__ = ["server"]

RATE = 30
"""Events a second; a minute's worth of them at once."""
BATCH = 10
SECONDS = 10.0
KEYS = ("RateLimit", "RateLimit-Policy")


@contextmanager
def servers(folder: Path, count: int, workers: int, url: str) -> Iterator[list[ServerProcess]]:
    """So many servers over one database, each with so many workers."""
    with ExitStack() as stack:
        running = []
        for number in range(count):
            flags = ["--workers", str(workers), "--limit-key", "0", "--limit-address", str(RATE)]
            place = folder / str(number)
            place.mkdir()
            process = ServerProcess(place, *flags, env={"DJANGALYTICS_REDIS_URL": url})
            process.data = folder / "data"
            process._command[process._command.index("--data") + 1] = str(process.data)
            stack.enter_context(process)
            process.ready()
            running.append(process)
        yield running


class Sender(threading.Thread):
    """Sends batches as fast as a pause lets, each on a new connection, until ``until``."""

    def __init__(self, url: str, until: float) -> None:
        super().__init__()
        self.url, self.until = url, until
        self.passed, self.refused, self.wrong = 0, 0, ""

    def run(self) -> None:
        body = {"events": [{"event_name": "x"}] * BATCH}
        while time.monotonic() < self.until:
            answer = requests.post(f"{self.url}/api/capture_batch/", json=body, timeout=60)
            if answer.status_code == 200:
                self.passed += answer.json()["accepted"]
            elif answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1:
                self.refused += 1
            else:
                self.wrong = answer.text
            if not all(name in answer.headers for name in KEYS):
                self.wrong = str(answer.headers)
            time.sleep(0.02)


def sent(urls: Sequence[str], seconds: float) -> tuple[int, float]:
    """How many events four senders got through at these servers, and in how many seconds."""
    began = time.monotonic()
    crowd = [Sender(urls[number % len(urls)], began + seconds) for number in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    took = time.monotonic() - began
    assert [""] * 4 == [one.wrong for one in crowd]
    assert any(one.refused for one in crowd)
    return sum(one.passed for one in crowd), took


@pytest.mark.parametrize(("count", "workers"), [(1, 2), (2, 1)], ids=["workers", "servers"])
def test_all_processes_together_keep_the_limit(
    tmp_path: Path, server: redis.Server, count: int, workers: int
) -> None:
    """Two workers, or two servers, of one Redis let through what one may, within 5 %."""
    with servers(tmp_path, count, workers, server.url) as running:
        passed, took = sent([one.url for one in running], SECONDS)
    allowed = RATE * (60 + took)
    assert 0.95 * allowed <= passed <= 1.05 * allowed, json.dumps([passed, allowed])


def test_without_redis_each_process_has_its_own(tmp_path: Path) -> None:
    """As documented: of two servers each lets through its own limit."""
    with servers(tmp_path, 2, 1, "") as running:
        passed, took = sent([one.url for one in running], SECONDS)
    allowed = 2 * RATE * (60 + took)
    assert 0.95 * allowed <= passed <= 1.05 * allowed, json.dumps([passed, allowed])


def test_redis_may_go_while_servers_run(tmp_path: Path, server: redis.Server) -> None:
    """Events are taken all the same, by each process's own limit; that is said once in the log,
    and who manages sees it, and sees that it is over.
    """

    def wait_for(answers: bool) -> dict[str, object]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            shown = requests.get(f"{url}/api/sending/", headers=admin, timeout=60).json()["redis"]
            if shown["answers"] == answers:
                return dict(shown)
            capture()
            time.sleep(0.05)
        raise AssertionError(shown)

    def capture() -> int:
        answer = requests.post(f"{url}/api/capture_event/", json={"event_name": "x"}, timeout=60)
        return answer.status_code

    with servers(tmp_path, 1, 1, server.url) as (running,):
        url = running.url
        made = command("keys", "create", "--kind", "admin", "--data", str(running.data))
        said = subprocess.run(made, capture_output=True, text=True, check=True, timeout=60).stdout
        admin = {"Authorization": f"Bearer {said.split()[-1]}"}
        assert {"answers": True, "went_away": 0} == wait_for(True)
        server.stop()
        assert {"answers": False, "went_away": 1} == wait_for(False)
        assert 201 == capture()
        passed, took = sent([url], 5)
        assert passed <= 1.05 * RATE * (60 + took)
        server.start()
        assert {"answers": True, "went_away": 1} == wait_for(True)
    log = running.log.read_text()
    assert 1 == log.count("each process limits by itself")
    assert 1 == log.count("Redis answers again")
    assert "Traceback" not in log
