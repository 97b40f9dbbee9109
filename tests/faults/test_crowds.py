"""More clients than there is room for, and clients that take their time."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults import crowd, events
from tests.faults.process import ServerProcess, until
from tests.faults.slow import slow_clients
from tests.faults.test_locks import HOLDERS, held

MOST_MEMORY = 300.0
"""MiB that the server may take, whatever it is offered."""


def flood(port: int) -> dict[str, Any]:
    """800 connections from two processes, each sending 500 events after the other."""
    options = ["--connections", "400", "--batch", "500", "--seconds", "3"]
    running = [crowd.start(port, *options) for _ in range(2)]
    heard = [crowd.told(one) for one in running]
    statuses = {status for one in heard for status in one["statuses"]}
    assert statuses <= {"200", "429", "503"}
    assert [(0, 0)] * 2 == [(one["without_retry_after"], one["lost"]) for one in heard]
    return {
        "accepted": 500 * sum(one["statuses"].get("200", 0) for one in heard),
        "refused": sum(one["statuses"].get("503", 0) for one in heard),
    }


def test_more_than_can_be_taken_is_refused_in_time(tmp_path: Path) -> None:
    """Under a flood every request is taken or told when to come again, also while nothing can be
    written; memory stays bounded, and afterwards the server answers as before.
    """
    chance = random.Random(12)
    with ServerProcess(tmp_path) as server:
        assert 201 == events.post(server.port, events.single(chance)).status
        with held(HOLDERS["transaction"], server.file):
            stuck = flood(server.port)
        assert stuck["refused"]
        went = flood(server.port)
        assert went["accepted"]
        assert 201 == events.post(server.port, events.single(chance)).status
        assert server.resident("VmHWM") <= MOST_MEMORY
        assert 0 == server.stop()
    with closing(sqlite3.connect(server.file)) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM events").fetchone()
    assert stuck["accepted"] + went["accepted"] + 2 == stored


def test_slow_clients_hold_nobody_up_and_are_ended(tmp_path: Path) -> None:
    """Beside 50 clients that trickle head or body and 500 idle connections every good request is
    answered; the trickling ones are answered 408 and ended.
    """
    chance = random.Random(13)
    with ServerProcess(tmp_path) as server:
        with slow_clients(server.port, heads=25, bodies=25, idle=500) as slow:
            for _ in range(200):
                assert 201 == events.post(server.port, events.single(chance)).status
            assert not slow.over
            assert until(lambda: slow.over)
            for one in slow.tricklers:
                assert one.answer.startswith(b"HTTP/1.1 408 ")
                assert b'"request_timeout"' in one.answer
            assert 201 == events.post(server.port, events.single(chance)).status
        assert 0 == server.stop()
