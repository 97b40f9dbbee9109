"""The servers that pages are looked at on, each with something else in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import requests

from djangalytics_client import Client
from djangalytics_server.config import DATABASE_FILE
from tests.helpers import RunningServer, running_server

MARKUP = '<img src=x onerror="window.struck=1">'
SCRIPT = "<script>window.struck=1</script>"


def demo(folder: Path) -> AbstractContextManager[RunningServer]:
    """`djangalytics-server demo` with its 30 days of a shop, and nothing that moves."""
    return running_server(folder, "--no-live", subcommand="demo")


def open_house(folder: Path) -> AbstractContextManager[RunningServer]:
    """A server in development mode with nothing in it: everybody here may read."""
    return running_server(folder, "--dev")


def locked(folder: Path) -> AbstractContextManager[RunningServer]:
    """A server as it is meant to run: reading wants the one-time link."""
    return running_server(folder)


@contextmanager
def odd(folder: Path) -> Iterator[RunningServer]:
    """A server that holds awkward events: markup, long words, deep properties, refusals."""
    with open_house(folder) as server:
        with sdk(server, source="checkout-service") as client:
            client.track(MARKUP, {MARKUP: SCRIPT, "plan": MARKUP}, distinct_id=SCRIPT)
            client.track(SCRIPT, {"nested": {"markup": [MARKUP]}}, session_id=MARKUP)
            client.track("W" * 100, {"W" * 200: "W" * 500, "n": 2**62, "t": True, "none": None})
            client.track("événement 购买 🛒", {"много": "слов " * 30}, distinct_id="ü" * 60)
        for event in ({}, {"event_name": "n" * 101}, {"event_name": "late", "timestamp": "soon"}):
            answer = requests.post(f"{server.url}/api/capture_event/", json=event, timeout=30)
            assert 400 == answer.status_code
        one_with_gaps(server)
        yield server


def one_with_gaps(server: RunningServer) -> None:
    """A sender that was last heard an hour ago: some of its numbers never came, some it gave up."""
    producer = {
        "id": "0" * 31 + "1",
        "host": "gone-1",
        "process": MARKUP,
        "started_at": "2026-01-02T03:04:05Z",
        "tracked": 48_213,
        "sequences": [[1, 16], [18, 2], [25, 1]],
        "dropped": [[26, 48_188]],
        "lost": {"queue_full": 12},
    }
    events = [{"event_name": "numbered", "properties": {"n": n}} for n in range(19)]
    body = {"events": events, "producer": producer}
    answer = requests.post(f"{server.url}/api/capture_batch/", json=body, timeout=30)
    assert (19, None) == (answer.json()["accepted"], answer.json().get("producer_error"))
    with closing(sqlite3.connect(server.data / DATABASE_FILE, timeout=30)) as database, database:
        # Nobody waits for an hour here.
        database.execute(
            "UPDATE producers SET missing = '[[17,17,1],[20,24,1]]',"
            " last_seen = last_seen - 3600000000 WHERE host = 'gone-1'"
        )


@contextmanager
def sdk(server: RunningServer, source: str | None = None) -> Iterator[Client]:
    """The real SDK pointed at the server; on leaving, all it was told has been stored."""
    client = Client(server.url, source=source, debug=True)
    yield client
    assert 0 == client.flush(60)
    assert 0 == client.shutdown(60)
    assert {} == client.stats().lost
