"""The servers that pages are looked at on, each with something else in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import requests
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from djangalytics_client import Client
from djangalytics_server import app
from djangalytics_server.catalog import (
    accounts,
    audit,
    erasures,
    invitations,
    keys,
    organisations,
    passwords,
    people,
    projects,
    retention,
    second_factor,
    secrets,
    sessions,
)
from djangalytics_server.catalog.invitations import Wish
from djangalytics_server.catalog.sessions import Visit
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.config import DATABASE_FILE
from djangalytics_server.model.sending import RateLimit
from djangalytics_server.model.trail import Actor
from djangalytics_server.store.opening import catalog_engine
from djangalytics_server.store.tables import (
    ErasureRow,
    ExpiredDay,
    RetentionRun,
    SecondFactor,
    SendingCount,
    SignIn,
    VerdictCount,
)
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


PASSWORD = "of those who have one"
OWNER, VIEWER = "cookie-of-the-owner", "cookie-of-a-viewer"
"""The sessions there are on the server of a team."""


@contextmanager
def team(folder: Path) -> Iterator[RunningServer]:
    """A server with two organisations, people of every role, invitations, and keys of all kinds.

    A provider of single sign-on is set, which nobody asks.
    """
    single = ("--oidc-issuer", "http://127.0.0.1:9", "--oidc-client-id", "us")
    with running_server(folder, *single) as server:
        engine = catalog_engine(f"sqlite:///{server.data / DATABASE_FILE}")
        try:
            with Session(engine) as session, writing(session):
                furnish(session)
        finally:
            engine.dispose()
        yield server


def furnish(session: Session) -> None:
    """Names as people give them: short, long, and with markup in them."""
    now = app.now()
    organisations.rename(session, 1, "Leaf & Kettle")
    limit = RateLimit(50, 3_000)
    projects.change(session, 1, name="Web shop", time_zone="Europe/Berlin", limit=limit)
    projects.create(session, 1, f"Wholesale {MARKUP}", "Asia/Tokyo", now=now)
    other = organisations.create(session, "Acme", now=now)
    projects.create(session, other.id, "Blog", "UTC", now=now)
    people.join(session, other.id, 1, "viewer", now=now)
    for role, name in (("viewer", "Vera"), ("analyst", "W" * 60), ("admin", "Ada"), ("owner", "O")):
        person = people.create(session, name, now=now, email=f"{name.lower()}@example.com")
        people.join(session, 1, person, role, now=now)
        if role in ("viewer", "owner"):
            accounts.set_password(session, person, passwords.digest(PASSWORD), keep=0)
        if role == "owner":
            second_factor.begin(session, person, now=now)
            session.execute(update(SecondFactor).values(confirmed_at=now))
    invitations.create(session, Wish(1, "grace@example.com", "analyst", "Ada", now))
    maker = keys.Maker("Ada", now - 3_600_000_000)
    keys.create(session, 1, "admin", "terraform", maker, now + 86_400_000_000)
    ended = keys.create(session, 1, "read", "report " + "long " * 18, maker)
    keys.revoke(session, 1, ended.facts.id, now=now)
    under_way(session, now)
    for user_id, cookie in ((1, OWNER), (2, VIEWER)):
        sessions.begin(session, user_id, Visit(now - 7_200_000_000, "192.0.2.7", "Elsewhere/1.0"))
        made = sessions.begin(session, user_id, Visit(now, "127.0.0.1", "Chromium"), by_link=True)
        row = session.scalars(select(SignIn).where(SignIn.hash == secrets.digest(made))).one()
        row.hash = secrets.digest(cookie)


def under_way(session: Session, now: int) -> None:
    """Removals that somebody is at, what was sent with each key, and lines of the audit trail."""
    day, claimed = now // 86_400_000_000, now + 29_000_000
    retention.keep(session, 1, 90)
    numbers = {"requests": 40, "refused_key": 3, "refused_address": 1}
    session.add_all(
        [
            VerdictCount(project_id=1, day=day, verdict="accepted", code="", count=812_400),
            VerdictCount(project_id=1, day=day - 99, verdict="accepted", code="", count=144_400),
            ExpiredDay(project_id=1, day=day - 99, count=120_400),
            RetentionRun(
                project_id=1, days=90, began_at=now - 9_000_000, claimed_until=claimed, gone=120_400
            ),
            *(
                SendingCount(
                    bucket=now // 300_000_000 * 300,
                    project_id=1,
                    key_prefix=key,
                    events=n,
                    **numbers,
                )
                for key, n in (("", 12), ("djw_8uK4", 1_250_000))
            ),
        ]
    )
    owner = Actor("Owner", "192.0.2.7", now)
    done = erasures.ask(session, 1, "somebody", owner, mine=True)
    erasures.finish(session, done.id, now=now)
    going = erasures.ask(session, 1, "ada@example.com", owner, mine=True)
    row = session.get_one(ErasureRow, going.id)
    row.events, row.total, row.claimed_until = 5_000, 12_400, claimed
    audit.record(session, owner, "key.create", f"djw_8uK4… write {MARKUP}", project_id=1, id=3)
    audit.record(
        session, Actor("command line", None, now), "retention.change", "90 days", project_id=1
    )


@contextmanager
def sdk(server: RunningServer, source: str | None = None) -> Iterator[Client]:
    """The real SDK pointed at the server; on leaving, all it was told has been stored."""
    client = Client(server.url, source=source, debug=True)
    yield client
    assert 0 == client.flush(60)
    assert 0 == client.shutdown(60)
    assert {} == client.stats().lost
