"""`demo`: the server in development mode with a small shop's data, and more of it arriving."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import click

from djangalytics_server.cli import shop
from djangalytics_server.cli.data import chosen_project, open_catalog
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.cli.serve import announce, run
from djangalytics_server.clock import now
from djangalytics_server.config import Settings
from djangalytics_server.ingest import checks, door
from djangalytics_server.model import rfc3339
from djangalytics_server.model.delivery import Numbering
from djangalytics_server.model.event import Decoded, Draft
from djangalytics_server.store.base import Store
from djangalytics_server.store.opening import open_store

DAYS = 30
_BATCH = 1_000


@click.command(short_help="Look around with 30 days of a small shop's data.")
@settings_options("port", "data", "threads", "time_zone", "log_level")
@click.option("--live/--no-live", default=True, help="Send a gentle stream of new events too.")
@says_why
def demo(live: bool, **given: Any) -> None:
    """Serve a small online shop's last 30 days, with new events arriving as you watch.

    The data goes to a throw-away folder unless --data names one; a named folder is kept, and
    starting again adds nothing twice. Development mode: this machine only, no sign-in.
    """
    with contextlib.ExitStack() as stack:
        if given["data"] is None and "DJANGALYTICS_DATA" not in os.environ:
            folder = Path(tempfile.mkdtemp(prefix="djangalytics-demo-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            given["data"] = folder
        # Never into the database of a real server, which the environment may name.
        fixed = {"host": "127.0.0.1", "dev": True, "demo": True, "workers": 1, "database_url": ""}
        settings = settings_from(given, **fixed)
        raise SystemExit(_serve(settings, live, stack))


def _serve(settings: Settings, live: bool, stack: contextlib.ExitStack) -> int:
    shop_life = Stream()
    stack.callback(shop_life.end)

    def ready(settings: Settings, url: str, secrets: Any) -> None:
        announce(settings, url, None, "New events arrive every few seconds." if live else "")
        if live:
            shop_life.begin(url)

    return run(settings, ready, fill, shop_life.end)


def fill(settings: Settings) -> None:
    """Store the shop's last days in the first project; what is there already stays single."""
    with open_catalog(settings) as session:
        project_id = chosen_project(session, None)
    store = open_store(settings.store_url)
    try:
        now = datetime.now(timezone.utc)
        events = iter(shop.history(now=now, days=DAYS))
        senders = _senders(now)
        while batch := list(islice(events, _BATCH)):
            _store(batch, store, project_id, senders)
    finally:
        store.close()


def _senders(now: datetime) -> dict[str, Sender]:
    """Who sent the events of each source, by the shop's own invention."""
    began = now - timedelta(days=DAYS)
    web = Sender("web-1", "gunicorn[812]", began)
    phones = Sender("api-1", "uvicorn[377]", began)
    others = Sender("worker-1", "celery[4051]", began)
    return {"web": web, "ios": phones, "android": phones, "email": others, "partner": others}


class Sender:
    """A process of the shop, which numbers its events. The same day it is the same one again."""

    def __init__(self, host: str, process: str, began: datetime) -> None:
        producer_id = sha256(f"{host} {began.date()}".encode()).hexdigest()[:32]
        started_at = rfc3339.parse(began.isoformat())
        self._told = Numbering(producer_id, host, process, started_at, tracked=0, arrived=())

    def number(self, events: int) -> Numbering:
        """The next numbers, for so many events."""
        first, last = self._told.tracked + 1, self._told.tracked + events
        self._told = replace(self._told, tracked=last, arrived=((first, last),))
        return self._told


def _store(
    batch: list[dict[str, Any]], store: Store, project_id: int, senders: Mapping[str, Sender]
) -> None:
    """One transaction, with one submission for each process that has events in the batch."""
    shares: dict[Sender, list[dict[str, Any]]] = {}
    for event in batch:
        shares.setdefault(senders[event["source"]], []).append(event)
    around = checks.Circumstances(project_id=project_id, received_at=now())
    store.append(
        [
            door.submission(
                [_decoded(event) for event in share], around, numbering=sender.number(len(share))
            )
            for sender, share in shares.items()
        ]
    )


def _decoded(event: dict[str, Any]) -> Decoded:
    """The shop's events are our own and within every limit; a test sends them over the wire."""
    properties = json.dumps(event.get("properties", {}), separators=(",", ":"), ensure_ascii=False)
    draft = Draft(
        event_name=event["event_name"],
        timestamp=rfc3339.parse(event["timestamp"]),
        properties=properties,
        insert_id=event["insert_id"],
        distinct_id=event.get("distinct_id"),
        session_id=event.get("session_id"),
        source=event.get("source"),
    )
    return Decoded(draft, lambda: json.dumps(event))


class Stream:
    """Two processes of our own: one acts the shop, the SDK's `pipe` sends what it says.

    Both end when this process does: the shop watches its standard input, the SDK its own.
    """

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def begin(self, url: str) -> None:
        """Start both, away from the terminal's Ctrl-C, which is for the server."""
        shopping = subprocess.Popen(
            [sys.executable, "-m", "djangalytics_server.cli.shop_stream"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._processes.append(shopping)
        sending = subprocess.Popen(
            [sys.executable, "-m", "djangalytics_client", "pipe"],
            stdin=shopping.stdout,
            env={**os.environ, "DJANGALYTICS_URL": url},
            start_new_session=True,
        )
        self._processes.append(sending)
        if shopping.stdout is not None:
            shopping.stdout.close()  # the sender's now: it sees the end when the shop closes

    def end(self) -> None:
        """End both before the server stops answering them: an invented visit may break off."""
        while self._processes:
            process = self._processes.pop()
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
