"""The servers that pages are looked at on, each with something else in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import requests

from djangalytics_client import Client
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
        yield server


@contextmanager
def sdk(server: RunningServer, source: str | None = None) -> Iterator[Client]:
    """The real SDK pointed at the server; on leaving, all it was told has been stored."""
    client = Client(server.url, source=source, debug=True)
    yield client
    assert 0 == client.flush(60)
    assert 0 == client.shutdown(60)
    assert {} == client.stats().lost
