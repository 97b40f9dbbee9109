"""Old events go by one process at a time, and a process that is killed leaves nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from djangalytics_server.clock import now
from djangalytics_server.model.event import Submission
from djangalytics_server.store.base import Store
from tests.contract.engines import Engine
from tests.contract.making import event
from tests.contract.test_store_erase import v7
from tests.contract.test_store_recount import wrong

DAY = 86_400_000_000
OLD, YOUNG = 8_000, 500
PATIENCE_SECONDS = 60


@pytest.fixture
def filled(engine: Engine, store: Store) -> Store:
    """A project with many old events and some young ones, that keeps them for 30 days."""
    moment = now()
    for start in range(0, OLD + YOUNG, 500):
        arrived = moment - (40 * DAY if start < OLD else 0)
        rows = tuple(event(v7(number), received_at=arrived) for number in range(start, start + 500))
        store.append([Submission(1, arrived, rows)])
    found_project(engine)
    engine.sql("INSERT INTO retention (project_id, days) VALUES (1, 30)")
    return store


def found_project(engine: Engine) -> None:
    """The first project is in the catalog, so that commands find it."""
    for statement in (
        "DELETE FROM projects",
        "DELETE FROM organisations",
        "INSERT INTO organisations (id, name, created_at) VALUES (1, 'Ours', 0)",
        "INSERT INTO projects (id, name, time_zone, open_capture, created_at, organisation_id)"
        " VALUES (1, 'Shop', 'UTC', false, 0, 1)",
    ):
        engine.sql(statement)


def begin(engine: Engine) -> subprocess.Popen[str]:
    """`retention run` as a process of its own."""
    program = [sys.executable, "-m", "djangalytics_server", "retention", "run", "--project", "1"]
    return subprocess.Popen(
        program,
        env={**os.environ, "DJANGALYTICS_DATABASE_URL": engine.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gone(engine: Engine) -> int:
    """How many events the run has removed by its own account."""
    return int((engine.sql("SELECT gone FROM retention_runs") or [(0,)])[0][0])


def left(engine: Engine) -> int:
    """How many events there are."""
    return int(engine.sql("SELECT count(*) FROM events")[0][0])


def test_a_killed_process_is_made_up_for(engine: Engine, filled: Store) -> None:
    """SIGKILL in the middle: every count is true then, and another process takes the run up, which
    is one run with one exact sum.
    """
    process = begin(engine)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while gone(engine) < 2_000 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    said = process.communicate()
    counted = gone(engine)
    assert 2_000 <= counted < OLD, said
    assert OLD + YOUNG - counted == left(engine)
    assert {} == wrong(filled.recount())
    engine.sql("UPDATE retention_runs SET claimed_until = 1")  # half a minute goes by
    words, _ = begin(engine).communicate(timeout=PATIENCE_SECONDS)
    assert f"Removed {OLD - counted:,} events.\n" == words
    assert (OLD, YOUNG) == (gone(engine), left(engine))
    assert OLD + YOUNG == filled.verdicts(1).accepted
    assert {} == wrong(filled.recount())
    kept = filled.kept(1, now() // DAY)
    assert (YOUNG, OLD, 0) == (kept.events, kept.removed, kept.due)


def test_of_several_processes_one_does_it(engine: Engine, filled: Store) -> None:
    """The others see that it is being done, and leave it."""
    several = [begin(engine) for _ in range(3)]
    said = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in several]
    others = [words for words in said if words.startswith("Another process is removing them")]
    sums = [int(words.split()[1].replace(",", "")) for words in said if words not in others]
    assert sorted(sums) == [0] * (len(sums) - 1) + [OLD]
    assert YOUNG == left(engine)
    assert {} == wrong(filled.recount())
