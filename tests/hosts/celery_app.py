"""A Celery application whose broker is a folder, for the worker and for who gives it work."""

from __future__ import annotations

from pathlib import Path

import celery

TASK = "work"
CHILDREN = 2
EACH = 3
"""Events of one task."""


def application(folder: Path) -> celery.Celery:
    """An application that keeps queue and results below ``folder``."""
    for name in ("queue", "control", "results"):
        (folder / name).mkdir(exist_ok=True)
    app = celery.Celery("hosts", broker="filesystem://", backend=f"file://{folder / 'results'}")
    app.conf.update(
        broker_transport_options={
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.05,
        },
        broker_connection_retry_on_startup=True,
        worker_prefetch_multiplier=1,
    )
    return app
