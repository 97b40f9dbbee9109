"""Celery's prefork pool: its children are forked, and leave by os._exit()."""

from __future__ import annotations

import pytest

from tests.hosts.celery_app import CHILDREN, EACH, TASK, application
from tests.hosts.house import Run

TASKS = 16


@pytest.mark.parametrize("recycled", [[], ["--max-tasks-per-child", "5"]], ids=["", "recycled"])
def test_celery_prefork(run: Run, recycled: list[str]) -> None:
    """A worker is told to stop right after its last task: the events of the parent, of each
    child's start and of all tasks are stored, also where children are replaced after some tasks.
    """
    app = application(run.folder)
    options = ["--pool", "prefork", "--concurrency", str(CHILDREN), "--without-mingle", "-Ofair"]
    worker = run.start(
        *("-m", "celery", "--app", "tests.hosts.celery_worker", "worker", "--without-gossip"),
        *(*options, *recycled),
        env={"HOSTS_FOLDER": str(run.folder)},
    )
    results = [app.send_task(TASK) for _ in range(TASKS)]
    pids = {result.get(timeout=30, interval=0.05) for result in results}
    assert worker.process.pid not in pids
    assert 0 == worker.stop(), worker.said()
    run.check()
    assert len(run.tracked()) >= 1 + CHILDREN + TASKS * EACH
    assert len(pids) >= (TASKS // 5 if recycled else CHILDREN)
