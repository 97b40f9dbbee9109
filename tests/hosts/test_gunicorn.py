"""Gunicorn as it is run: its kinds of workers, with the application loaded before or after fork."""

from __future__ import annotations

import http.client
import json
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.faults.process import answers, free_port, until
from tests.hosts.house import Run
from tests.hosts.web import EACH

WORKERS = 2
REQUESTS = 40
KINDS = {
    "sync": ["--worker-class", "sync"],
    "gthread": ["--worker-class", "gthread", "--threads", "4"],
    "gevent": ["--worker-class", "gevent"],
}


def ask(port: int) -> int:
    """One request -> the process that answered it."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as client:
        client.request("GET", "/")
        return int(json.loads(client.getresponse().read())["pid"])


@pytest.mark.parametrize("preload", [False, True], ids=["", "preload"])
@pytest.mark.parametrize("kind", KINDS)
def test_gunicorn(run: Run, kind: str, preload: bool) -> None:
    """Two workers answer many requests and are told to stop right after the last: all their
    events are stored, also those of a client that was used before the fork.
    """
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS)]
    options += ["--no-control-socket", *KINDS[kind], *(["--preload"] if preload else [])]
    gunicorn = run.start(
        "-m", "gunicorn", *options, "tests.hosts.web:wsgi", env={"HOSTS_EARLY": "1"}
    )
    assert until(lambda: answers(port, "/"), 30), gunicorn.said()
    # Gunicorn loses a SIGTERM to a worker that is still starting, so both have to be heard first.
    pids: set[int] = set()
    assert until(lambda: (pids.add(ask(port)), len(pids) == WORKERS)[1], 30), gunicorn.said()
    with ThreadPoolExecutor(8) as crowd:
        pids |= set(crowd.map(lambda _: ask(port), range(REQUESTS)))
    assert 0 == gunicorn.stop(), gunicorn.said()
    assert WORKERS == len(pids - {gunicorn.process.pid})
    run.check()
    assert len(run.tracked()) > REQUESTS * EACH


def test_gunicorn_replaces_its_workers(spoolless: Run) -> None:
    """A worker that has had its number of requests, and one that is replaced by SIGHUP, send what
    they have before they go."""
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--no-control-socket"]
    options += [*KINDS["gthread"], "--max-requests", "10"]
    gunicorn = spoolless.start("-m", "gunicorn", *options, "tests.hosts.web:wsgi")
    assert until(lambda: answers(port, "/"), 30), gunicorn.said()
    pids = {ask(port) for _ in range(35)}
    assert len(pids) > 2
    gunicorn.process.send_signal(signal.SIGHUP)
    assert until(lambda: ask(port) not in pids, 30), gunicorn.said()
    assert 0 == gunicorn.stop(), gunicorn.said()
    spoolless.check()
    assert len(spoolless.tracked()) > 36 * EACH
