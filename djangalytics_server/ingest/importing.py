"""Entries of a file, judged as events that are sent, each by its own arrival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from djangalytics_server.ingest import pipeline
from djangalytics_server.ingest.checks import Circumstances
from djangalytics_server.model.event import Draft, Event, Rejection
from djangalytics_server.model.imports import Batch, Line


class Judged(NamedTuple):
    """The events that pass, and the entries that do not with the reason of each."""

    events: Sequence[Event]
    refused: Sequence[tuple[Line, Rejection]] = ()


def judged(batch: Batch, project_id: int, moment: int) -> Judged:
    """What becomes of a batch; what says that it arrived later than ``moment`` arrived then."""
    return _all_at_once(batch, project_id, moment) or _one_by_one(batch, project_id, moment)


def _all_at_once(batch: Batch, project_id: int, moment: int) -> Judged | None:
    if batch.columns is None:
        return None
    arrivals = [
        moment if arrived is None or arrived > moment else arrived for arrived in batch.arrivals
    ]
    around = Circumstances(project_id, received_at=min(arrivals))
    events = pipeline.undisputed(batch.columns, around, arrivals)
    return None if events is None else Judged(events)


def _one_by_one(batch: Batch, project_id: int, moment: int) -> Judged:
    passed: list[Event] = []
    refused: list[tuple[Line, Rejection]] = []
    for line in batch.lines():
        outcome = line.decoded.outcome
        if isinstance(outcome, Draft):
            arrived = moment if line.received_at is None else min(line.received_at, moment)
            verdict = pipeline.judge(outcome, Circumstances(project_id, received_at=arrived))
            if isinstance(verdict, Event):
                passed.append(verdict)
                continue
            outcome = verdict
        refused.append((line, outcome))
    return Judged(passed, refused)
