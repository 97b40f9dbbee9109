"""Short ways to say an event and a submission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from djangalytics_server.model.event import Event, Receipt, Refused, Rejection, Submission
from djangalytics_server.model.query import CountPlan, Segment
from djangalytics_server.store.base import Store

SECOND = 1_000_000
NOW = 1_790_000_000 * SECOND


def event(insert_id: str, name: str = "signup", at: int = NOW, **more: Any) -> Event:
    """An event of project 1 with sane defaults."""
    return Event(
        **{
            "project_id": 1,
            "insert_id": insert_id,
            "event_name": name,
            "timestamp": at,
            "received_at": NOW,
            **more,
        }
    )


def refused(code: str = "event_name_missing", index: int = 0, **more: Any) -> Refused:
    """A refused event of project 1."""
    return Refused(
        **{
            "project_id": 1,
            "index": index,
            "rejection": Rejection(code, "No.", "event_name"),
            "raw": "{}",
            "received_at": NOW,
            **more,
        }
    )


def send(store: Store, *events: Event, refused: Sequence[Refused] = ()) -> Receipt:
    """Append one submission; its receipt."""
    project = next((entry.project_id for entry in (*events, *refused)), 1)
    return store.append([Submission(project, NOW, events, tuple(refused))])[0]


def whole(start: int, end: int, grain: int | None) -> CountPlan:
    """Count all of [start, end) in one piece, from one source."""
    return CountPlan(1, (Segment(start, end, 0, grain),))
