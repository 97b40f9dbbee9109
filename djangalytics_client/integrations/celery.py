"""For Celery: what is tracked in a task belongs to who sent it. Call ``connect()`` beside the app.

Ids and properties of the sender's context travel in a header of the message.
"""

from __future__ import annotations

from contextvars import Token
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun, worker_shutdown

import djangalytics_client
from djangalytics_client.context import NOWHERE, Id, Scope, current, inner
from djangalytics_client.errors import EventRejected
from djangalytics_client.events import build
from djangalytics_client.values import settle

HEADER = "djangalytics"
_running: dict[str, Token[Scope]] = {}


def connect(*, source: Id = "celery", flush_timeout: float = 5.0) -> None:
    """Have events of tasks carry the sender's ids and properties, ``$task_id`` and the source.

    A worker that stops sends what is queued within ``flush_timeout`` seconds. Call it in the
    module of the Celery app, so that senders and workers both do; calling it again changes it.
    """

    def begin(task_id: str, task: Any, **_: object) -> None:
        carried = getattr(task.request, HEADER, None) or (task.request.headers or {}).get(HEADER)
        known = carried if isinstance(carried, dict) else {}
        given = {**(known.get("properties") or {}), "$task_id": task_id}
        ids = known.get("distinct_id"), known.get("session_id")
        _running[task_id] = current.set(inner(*ids, source, given))

    def finish(task_id: str, **_: object) -> None:
        token = _running.pop(task_id, None)
        if token is not None:
            current.reset(token)

    def stop(**_: object) -> None:
        djangalytics_client.flush(flush_timeout)

    before_task_publish.connect(_carry, weak=False, dispatch_uid="djangalytics")
    for signal, receiver in ((task_prerun, begin), (task_postrun, finish), (worker_shutdown, stop)):
        signal.disconnect(dispatch_uid="djangalytics")
        signal.connect(receiver, weak=False, dispatch_uid="djangalytics")


def _carry(headers: dict[str, Any] | None = None, **_: object) -> None:
    scope = current.get()
    if headers is not None and scope is not NOWHERE:
        headers.setdefault(HEADER, carried(scope))


def carried(scope: Scope) -> dict[str, object]:
    """What of a context can travel: plain values; ids as text, looked up now."""
    properties = dict(scope.properties)
    try:
        settle(properties)
    except EventRejected:
        properties = {}
    found: dict[str, object] = {"properties": properties}
    for name, given in (("distinct_id", scope.distinct_id), ("session_id", scope.session_id)):
        try:
            found[name] = build(("x", None, given, None, None, None, "x"), NOWHERE, 0, b"")[4]
        except EventRejected:
            found[name] = None
    return found
