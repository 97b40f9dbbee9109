"""`celery --app tests.hosts.celery_worker worker`: each task tracks some events."""

from __future__ import annotations

import os
import time
from pathlib import Path

from celery.signals import worker_process_init

import djangalytics_client
from tests.hosts import witness
from tests.hosts.celery_app import CHILDREN, EACH, TASK, application

FOLDER = Path(os.environ["HOSTS_FOLDER"])
PATIENCE = 20.0
"""Seconds that the first task waits for a task of the other child."""

app = application(FOLDER)

# Used in the parent, before its children are made.
witness.track()
djangalytics_client.flush()


@worker_process_init.connect
def begin(**_: object) -> None:
    """Track at the start of each child, too."""
    witness.track()


@app.task(name=TASK)
def work() -> int:
    """Track -> the process that did; the first tasks wait until every child has one."""
    (FOLDER / f"working-{os.getpid()}").touch()
    until = time.monotonic() + PATIENCE
    while len(list(FOLDER.glob("working-*"))) < CHILDREN and time.monotonic() < until:
        time.sleep(0.01)
    for _ in range(EACH):
        witness.track()
    return os.getpid()
