"""A person who is to be erased is erased, whatever happens to who began it: on every engine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine as Database

from djangalytics_server.clock import now
from djangalytics_server.jobs.erasures import Erasing, Stopped
from djangalytics_server.model.erasure import pseudonym
from djangalytics_server.model.event import Submission
from djangalytics_server.model.trail import Actor
from djangalytics_server.store import erasing
from djangalytics_server.store.base import Store
from djangalytics_server.store.opening import catalog_engine
from tests.contract.engines import Engine
from tests.contract.making import event, refused
from tests.contract.test_retention_processes import PATIENCE_SECONDS, found_project
from tests.contract.test_store_erase import v7
from tests.contract.test_store_recount import wrong

ADA, OTHERS = 12_000, 500
SOMEBODY = Actor("Owner", "192.0.2.7", 5)


@pytest.fixture
def catalog(engine: Engine, store: Store) -> Iterator[Database]:
    """The catalog beside the store, as the application has it."""
    opened = catalog_engine(engine.url)
    yield opened
    opened.dispose()
    engine.anew()


def fill(store: Store, ada: int, others: int) -> None:
    """Events of two people and a refused one of the first."""
    moment = now()
    everybody = ["ada"] * ada + ["bob"] * others
    for start in range(0, len(everybody), 500):
        rows = tuple(
            event(v7(start + place), received_at=moment, distinct_id=who)
            for place, who in enumerate(everybody[start : start + 500])
        )
        store.append([Submission(1, moment, rows)])
    store.append([Submission(1, moment, (), (refused(raw='{"distinct_id":"ada"}'),))])


def row(engine: Engine) -> tuple[object, ...]:
    """The only erasure: whom, how much of how much, and whether it has ended."""
    [(who, events, total, rejected, ended)] = engine.sql(
        "SELECT distinct_id, events, total, rejected, ended_at FROM erasures"
    )
    return who, events, total, rejected, ended is not None


def trail(engine: Engine) -> list[tuple[object, ...]]:
    """What the audit trail says of it."""
    lines = engine.sql("SELECT action, subject, actor, address, details FROM audit_log")
    return [tuple(line) for line in lines if line[0] == "person.erase"]


def test_it_is_taken_up_where_it_was_left(
    engine: Engine, store: Store, catalog: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended between two transactions every count is true; the next goes on, the sum is exact, and
    nothing but a digest of the id stays.
    """
    monkeypatch.setattr(erasing, "STEP", 4)
    fill(store, 10, 5)
    work = Erasing(store, catalog, now)
    work.soon(1, "ada", SOMEBODY)
    assert work.waiting()
    assert ("ada", 0, None, 0, False) == row(engine)

    def stop(_done: int, _of: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        work.next(stop)
    assert ("ada", 4, 10, 0, False) == row(engine)
    assert [] == trail(engine)
    assert {} == wrong(store.recount())
    assert work.next() is not None
    assert (None, 10, 10, 1, True) == row(engine)
    assert not work.waiting()
    assert work.next() is None
    details = '{"events": 10, "rejected": 1}'
    digest = pseudonym("ada")
    assert [("person.erase", digest, "Owner", "192.0.2.7", details)] == trail(engine)
    assert 5 == store.verdicts(1).accepted
    assert {} == wrong(store.recount())


def test_one_process_at_a_time(engine: Engine, store: Store, catalog: Database) -> None:
    """What one is at the next leaves alone, until half a minute without a sign of life is over."""
    fill(store, 3, 1)
    moment = [now()]
    work = Erasing(store, catalog, lambda: moment[0])
    others: list[object] = []
    work.soon(1, "ada", SOMEBODY)
    work.next(lambda _done, _of: others.append(work.next()))
    assert [None] == others
    assert (None, 3, 3, 1, True) == row(engine)


def test_what_was_never_finished_is(engine: Engine, store: Store, catalog: Database) -> None:
    """All events are gone and the process died before it said so: the next one says so."""
    fill(store, 3, 1)
    work = Erasing(store, catalog, now)
    work.soon(1, "ada", SOMEBODY)
    store.erase(1, "ada", None, 1)
    assert (None, 3, 3, 1, False) == row(engine)
    work.next()
    assert (None, 3, 3, 1, True) == row(engine)
    assert 1 == len(trail(engine))


def test_a_killed_process_is_made_up_for(engine: Engine, store: Store, catalog: Database) -> None:
    """SIGKILL in the middle of a person of many events: counts are true, and a server goes on."""
    fill(store, ADA, OTHERS)
    found_project(engine)
    program = [sys.executable, "-m", "djangalytics_server", "erase", "ada", "--yes"]
    process = subprocess.Popen(
        program,
        env={**os.environ, "DJANGALYTICS_DATABASE_URL": engine.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    question = "SELECT events FROM erasures WHERE events > 0"
    while not engine.sql(question) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    said = process.communicate()
    who, events, total, _, ended = row(engine)
    assert ("ada", ADA, False) == (who, total, ended), said
    assert isinstance(events, int)
    assert 0 < events < ADA
    assert {} == wrong(store.recount())
    work = Erasing(store, catalog, lambda: now() + 31_000_000)
    assert work.next() is not None
    assert (None, ADA, ADA, 1, True) == row(engine)
    assert OTHERS == store.verdicts(1).accepted
    assert {} == wrong(store.recount())
