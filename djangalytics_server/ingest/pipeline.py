"""The steps every event passes, in order. A new rule is one function and one line here."""

from __future__ import annotations

from collections.abc import Callable

from djangalytics_server.ingest import checks
from djangalytics_server.ingest.checks import Circumstances
from djangalytics_server.model.event import Draft, Event, Rejection

Step = Callable[[Draft, Circumstances], Rejection | None]

STEPS: tuple[Step, ...] = (
    checks.refuse_unknown_fields,
    checks.refuse_oversized,
    checks.correct_skew,
    checks.stamp_arrival,
    checks.refuse_ancient,
    checks.bring_back_future,
    checks.give_insert_id,
)


def judge(draft: Draft, around: Circumstances) -> Event | Rejection:
    """The finished event, or the first step's reason to refuse it."""
    for step in STEPS:
        rejection = step(draft, around)
        if rejection is not None:
            return rejection
    assert draft.timestamp is not None and draft.insert_id is not None  # noqa: PT018
    return Event(
        around.project_id,
        draft.insert_id,
        draft.event_name,
        draft.timestamp,
        around.received_at,
        draft.properties,
        draft.distinct_id,
        draft.session_id,
        draft.source,
        draft.original_timestamp,
        draft.shape,
    )
