"""The limits as whole servers keep them, with a real Redis between them and without one."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import cycle, islice, product
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
Way = Callable[[str, dict[str, str]], requests.Response]


@contextmanager
def servers(
    folder: Path, count: int, workers: int, url: str, key: int = 0, address: int = RATE
) -> Iterator[list[ServerProcess]]:
    """So many servers over one database, each with so many workers, and limits by these."""
    with ExitStack() as stack:
        running = []
        for number in range(count):
            flags = ["--workers", str(workers)]
            flags += ["--limit-key", str(key), "--limit-address", str(address)]
            place = folder / str(number)
            place.mkdir()
            process = ServerProcess(place, *flags, env={"DJANGALYTICS_REDIS_URL": url})
            process.data = folder / "data"
            process._command[process._command.index("--data") + 1] = str(process.data)
            stack.enter_context(process)
            process.ready()
            running.append(process)
        yield running


def batch(url: str, headers: dict[str, str]) -> requests.Response:
    """Send a batch, on a new connection."""
    body = {"events": [{"event_name": "x"}] * BATCH}
    return requests.post(f"{url}/api/capture_batch/", json=body, headers=headers, timeout=60)


def single(url: str, headers: dict[str, str]) -> requests.Response:
    """Send one event, on a new connection."""
    body = {"event_name": "x"}
    return requests.post(f"{url}/api/capture_event/", json=body, headers=headers, timeout=60)


class Sender(threading.Thread):
    """Sends by ``send`` as fast as a pause lets until ``until``."""

    def __init__(self, send: Callable[[], requests.Response], until: float) -> None:
        super().__init__()
        self.send, self.until = send, until
        self.passed, self.refused, self.wrong = 0, 0, ""

    def run(self) -> None:
        while time.monotonic() < self.until:
            answer = self.send()
            if answer.status_code in (200, 201):
                self.passed += answer.json().get("accepted", 1)
            elif answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1:
                self.refused += 1
            else:
                self.wrong = answer.text
            if not all(name in answer.headers for name in KEYS):
                self.wrong = str(answer.headers)
            time.sleep(0.02)


def sent(
    urls: Sequence[str], seconds: float, ways: Sequence[Way] = (batch,), key: str = ""
) -> tuple[int, float]:
    """How many events four senders got through at these servers, and in how many seconds."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    turns = list(islice(cycle(product(ways, urls)), 4))
    began = time.monotonic()
    crowd = [Sender(partial(way, url, headers), began + seconds) for way, url in turns]
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


def test_two_workers_keep_a_projects_own_limit(tmp_path: Path, server: redis.Server) -> None:
    """Single events and batches together are what the project may, within 5 %."""
    rate, at_once = 60, 300
    with servers(tmp_path, 1, 2, server.url, address=0) as (running,):
        change = ("projects", "set", "1", "--rate", str(rate), "--at-once", str(at_once))
        said(running, *change)
        deadline = time.monotonic() + 20
        while f"q={at_once}" not in single(running.url, {}).headers.get("RateLimit-Policy", ""):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        time.sleep(1)  # the other worker hears of it, and what was sent meanwhile comes back
        passed, took = sent([running.url], SECONDS / 2, (single, batch))
    allowed = at_once + rate * took
    assert 0.95 * allowed <= passed <= 1.05 * allowed, json.dumps([passed, allowed])


def test_two_workers_keep_the_limit_of_a_key(tmp_path: Path, server: redis.Server) -> None:
    """Single events and batches of one write key together, within 5 %."""
    rate = 10
    with servers(tmp_path, 1, 2, server.url, key=rate, address=0) as (running,):
        key = said(running, "keys", "create", "--kind", "write").split()[-1]
        passed, took = sent([running.url], SECONDS / 2, (single, batch), key)
    allowed = rate * (60 + took)
    assert 0.95 * allowed <= passed <= 1.05 * allowed, json.dumps([passed, allowed])


def said(running: ServerProcess, *words: str) -> str:
    """What a command says beside a server."""
    made = command(*words, "--data", str(running.data))
    return subprocess.run(made, capture_output=True, text=True, check=True, timeout=60).stdout


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
        key = said(running, "keys", "create", "--kind", "admin").split()[-1]
        admin = {"Authorization": f"Bearer {key}"}
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
