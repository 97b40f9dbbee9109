"""`celery --app tests.hosts.celery_worker worker`: each task tracks some events."""

from __future__ import annotations

import os
from pathlib import Path

from celery.signals import worker_process_init

import djangalytics_client
from tests.hosts import witness
from tests.hosts.celery_app import EACH, TASK, application

app = application(Path(os.environ["HOSTS_FOLDER"]))

# Used in the parent, before its children are made.
witness.track()
djangalytics_client.flush()


@worker_process_init.connect
def begin(**_: object) -> None:
    """Track at the start of each child, too."""
    witness.track()


@app.task(name=TASK)
def work() -> int:
    """Track -> the process that did."""
    for _ in range(EACH):
        witness.track()
    return os.getpid()
