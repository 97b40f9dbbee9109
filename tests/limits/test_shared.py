"""Limits shared through a real Redis: two workers together let through what one may."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from djangalytics_server.errors import RateLimited
from djangalytics_server.limits.limiter import Limiter
from djangalytics_server.model.sending import RateLimit
from tests import redis


@pytest.fixture
def server() -> Iterator[redis.Server]:
    """A Redis; skipped where there is none, and a failure where it is required."""
    why = redis.missing()
    if why and not redis.required():
        pytest.skip(why)
    assert why is None, why
    with redis.running() as running:
        yield running


def sent(limiter: Limiter, until: float) -> int:
    """How many events get through, in batches of five, sent as fast as a pause of 1 ms lets."""
    passed = 0
    while time.monotonic() < until:
        try:
            limiter.check(1, "djw_aaaa", "192.0.2.1")
            limiter.charge(1, "djw_aaaa", "192.0.2.1", 5)
            passed += 5
        except RateLimited:
            pass
        time.sleep(0.001)
    return passed


def test_two_workers_together_keep_the_limit(
    server: redis.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both send several times the rate: together they get within 5 % of one limit, not of two."""
    from djangalytics_server.limits import buckets
    from djangalytics_server.limits.shared import Sharing

    monkeypatch.setattr(buckets, "WINDOW", 3)
    workers = [Limiter(500, 0) for _ in range(2)]
    sharing = [Sharing(worker, server.url) for worker in workers]
    began = time.monotonic()
    passed: list[int] = []
    senders = [
        threading.Thread(target=lambda w=w: passed.append(sent(w, began + 5))) for w in workers
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    allowed = 500 * (3 + time.monotonic() - began)
    for one in sharing:
        one.close()
    assert 2 == len(passed)
    assert 0.95 * allowed <= sum(passed) <= 1.05 * allowed, json.dumps([passed, allowed])


def test_a_project_s_own_limit_is_shared_too(
    server: redis.Server,
) -> None:
    """What one process let through another hears of, for the limit that holds now and no other."""
    from djangalytics_server.limits.shared import Sharing

    one, other = Limiter(0, 0), Limiter(0, 0)
    sharing = [Sharing(worker, server.url) for worker in (one, other)]
    limit, wider = RateLimit(1, 500), RateLimit(2, 500)
    one.charge(1, "djw_aaaa", "192.0.2.1", 700, limit)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        other.charge(1, "djw_bbbb", "192.0.2.2", 1, limit)
        time.sleep(0.05)
        if other.left(1, None, "", limit)["project"] < 0:
            break
    with pytest.raises(RateLimited):
        other.check(1, "djw_bbbb", "192.0.2.2", limit)
    other.charge(1, "djw_bbbb", "192.0.2.2", 1, wider)
    other.charge(2, "djw_cccc", "192.0.2.2", 1, limit)
    time.sleep(0.5)
    other.check(1, "djw_bbbb", "192.0.2.2", wider)
    other.check(2, "djw_cccc", "192.0.2.2", limit)
    for each in sharing:
        each.close()


def test_redis_may_go_and_come_back(server: redis.Server, caplog: pytest.LogCaptureFixture) -> None:
    """Without it each process limits by itself and takes events all the same; the log says both
    once.
    """
    from djangalytics_server.limits.shared import Sharing

    def wait_for(words: str) -> None:
        deadline = time.monotonic() + 20
        while words not in caplog.text and time.monotonic() < deadline:
            limiter.charge(1, "djw_aaaa", "192.0.2.1", 1)
            time.sleep(0.02)
        assert 1 == caplog.text.count(words)

    limiter = Limiter(10, 0)
    with caplog.at_level(logging.WARNING):
        sharing = Sharing(limiter, server.url)
        server.stop()
        wait_for("each process limits by itself")
        limiter.check(1, "djw_aaaa", "192.0.2.1")
        limiter.charge(1, "djw_aaaa", "192.0.2.1", 700)
        with pytest.raises(RateLimited):
            limiter.check(1, "djw_aaaa", "192.0.2.1")
        server.start()
        wait_for("Redis answers again")
        sharing.close()
    assert "each process limits by itself" in caplog.text


def test_redis_is_here_where_it_is_required() -> None:
    """Where a landing is judged nothing of this is skipped."""
    assert not (redis.required() and redis.missing()), redis.missing()
