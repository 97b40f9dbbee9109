"""Celery: the sender's context reaches the task, through a broker and a worker."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator

import celery
import pytest
from celery.contrib.testing.worker import start_worker

from djangalytics_client import context, track
from djangalytics_client.context import NOWHERE, current
from djangalytics_client.integrations import celery as integration

from .conftest import Tracked

app = celery.Celery("shop", broker="memory://", backend="cache+memory://")
app.conf.update(worker_pool="solo", task_default_queue="shop", worker_hijack_root_logger=False)


@app.task
def bill() -> str:
    track("billed")
    return "done"


@app.task
def fail() -> None:
    track("failing")
    raise ValueError


@pytest.fixture(autouse=True, scope="module")
def worker() -> Iterator[None]:
    integration.connect(source="worker")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        yield
    # A worker sets the log up for the whole process, which here is that of all tests.
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_task_belongs_to_who_sent_it(tracked: Tracked) -> None:
    """Ids, request id and properties of the sender, the task's id, and the worker's source."""
    with context(distinct_id=lambda: uuid.UUID(int=5), session_id=3, **{"$request_id": "r"}, n=1):
        sent = bill.delay()
    assert "done" == sent.get(timeout=20)
    (event,) = tracked("billed")
    assert (str(uuid.UUID(int=5)), "3", "worker") == tuple(
        event[name] for name in ("distinct_id", "session_id", "source")
    )
    assert {"$request_id": "r", "n": 1, "$task_id": sent.id} == event["properties"]


def test_the_next_task_is_nobodys(tracked: Tracked) -> None:
    """Nothing stays behind in the worker, also after a task that failed."""
    with context(distinct_id="ada"):
        failed = fail.delay()
    with pytest.raises(ValueError):
        failed.get(timeout=20)
    bill.delay().get(timeout=20)
    (failing,), (billed,) = tracked("failing"), tracked("billed")
    assert "ada" == failing["distinct_id"]
    assert "distinct_id" not in billed
    assert {} == integration._running


def test_what_cannot_travel_stays_and_the_task_runs(tracked: Tracked) -> None:
    """A property that is no plain value, or an id that is none, does not stop the sending."""
    with context(distinct_id=object(), session_id="s", thing=object()):
        bill.delay().get(timeout=20)
    (event,) = tracked("billed")
    assert "s" == event["session_id"]
    assert "distinct_id" not in event
    assert ["$task_id"] == list(event["properties"])


def test_a_task_run_in_place_keeps_its_context(tracked: Tracked) -> None:
    """Called without a broker, it inherits what is there, and leaves it as it was."""
    with context(distinct_id="ada"):
        before = current.get()
        bill.apply()
        assert before is current.get()
    (event,) = tracked("billed")
    assert ("ada", "worker") == (event["distinct_id"], event["source"])
    assert NOWHERE is current.get()
