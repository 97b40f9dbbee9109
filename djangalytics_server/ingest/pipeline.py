"""The steps every event passes, in order. A new rule is one function and one line here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat
from operator import sub

from djangalytics_server.ingest import checks
from djangalytics_server.ingest.checks import Circumstances, Step
from djangalytics_server.model.event import Columns, Draft, Event, Rejection

STEPS: tuple[Step, ...] = (
    checks.refuse_unknown_fields,
    checks.refuse_source,
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


def undisputed(
    columns: Columns, around: Circumstances, arrivals: Sequence[int] | None = None
) -> tuple[Event, ...] | None:
    """The finished events of a request that every step can take as a whole; else None.

    The same as ``judge`` says one by one, without looking at each with every step. ``arrivals``:
    when each arrived, if not all together; none before that of ``around``.
    """
    if arrivals is not None:
        moments = [moment for moment in columns.timestamps if moment is not None]
        if len(moments) < len(columns):
            return None
        # As if all had arrived with the first, each as long before or after its time as it did.
        latest = around.received_at + max(map(sub, moments, arrivals))
        columns = replace(columns, span=(min(moments), latest))
    for step in STEPS:
        whole = checks.WHOLE.get(step)
        taken = None if whole is None else whole(columns, around)
        if taken is None:
            return None
        columns = taken
    rows = zip(
        repeat(around.project_id),
        columns.insert_ids,
        columns.event_names,
        columns.timestamps,
        repeat(around.received_at) if arrivals is None else arrivals,
        columns.properties,
        columns.distinct_ids,
        columns.session_ids,
        columns.sources,
        repeat(None),
        columns.shapes,
        strict=False,  # what is repeated has no end
    )
    return tuple(map(_event, rows))


_event = partial(tuple.__new__, Event)
"""An event of its fields in order; by itself it would be told each of them by name."""
