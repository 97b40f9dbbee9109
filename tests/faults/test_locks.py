"""Locks that another process holds, for a moment and for long."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash import judge
from tests.crash.judge import Account
from tests.faults import events
from tests.faults.process import ServerProcess

HOLDERS = {
    "transaction": """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
""",
    "lock file": """
import fcntl, sys
file = open(sys.argv[1] + "-lock", "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
""",
}
KINDS = pytest.mark.parametrize("program", HOLDERS.values(), ids=HOLDERS.keys())


@contextmanager
def held(program: str, file: Path) -> Iterator[None]:
    """Another process holds the lock until the block ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert b"held" in holder.stdout.readline()
        try:
            yield
        finally:
            holder.communicate(b"")


@KINDS
def test_requests_wait_for_a_lock_and_are_answered(tmp_path: Path, program: str) -> None:
    """While another process holds the lock nothing is answered too early; afterwards everything
    is, once.
    """
    chance, account = random.Random(10), Account()
    requests = [events.batch(chance, 5) for _ in range(30)]
    with ServerProcess(tmp_path) as server, ThreadPoolExecutor(40) as pool:
        one = events.single(chance)
        assert 201 == events.post(server.port, one).status
        with held(program, server.file):
            answers = [pool.submit(events.post, server.port, request) for request in requests]
            early = wait(answers, timeout=1.0).done
            assert not early
            assert 200 == events.get(server.port, "/healthz").status
            assert 200 == events.get(server.port, "/readyz").status
        assert [5] * 30 == [answer.result().body["accepted"] for answer in answers]
        assert 0 == server.stop()
    for request in [one, *requests]:
        account.acknowledged.update(request.ids)
    account.sent = account.acknowledged
    assert [] == judge.judge(judge.sqlite_url(server.file), account)


@KINDS
def test_a_lock_that_is_never_let_go_is_said(tmp_path: Path, program: str) -> None:
    """Whoever waits is answered 503 with Retry-After, the server stays alive, and the same requests
    are taken when the lock is free.
    """
    chance = random.Random(11)
    requests = [events.batch(chance, 5), events.single(chance)]
    with ServerProcess(tmp_path) as server, ThreadPoolExecutor(4) as pool:
        assert 201 == events.post(server.port, events.single(chance)).status
        with held(program, server.file):
            answers = list(pool.map(lambda request: events.post(server.port, request), requests))
            assert [503, 503] == [answer.status for answer in answers]
            assert {"store_unavailable"} == {answer.body["code"] for answer in answers}
            assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
            assert 200 == events.get(server.port, "/healthz").status
        assert [200, 201] == [events.post(server.port, request).status for request in requests]
        assert 0 == server.stop()
