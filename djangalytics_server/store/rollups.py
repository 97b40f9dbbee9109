"""Rollups: one function a table, run inside the transaction that stores the events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS, Event, Receipt, Submission
from djangalytics_server.store.statements import run

GRAINS = (DAY_SECONDS, 3_600, 900)
"""Lengths of the buckets that are kept, in seconds, coarsest first."""


TYPE_NAMES: dict[type, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "list",
    dict: "object",
}
"""What a property's value is called, by the Python type it decodes to."""

Shape = tuple[tuple[str, ...], tuple[type, ...]]
Span = tuple[int, int, int]
"""How many, first seen, last seen."""

_Key = TypeVar("_Key", bound=Hashable)
_read = msgspec.json.Decoder(dict[str, Any]).decode
_DEFINE_EVENT = (
    "INSERT INTO event_definitions AS known (project_id, event_name, count, first_seen, last_seen)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (project_id, event_name) DO UPDATE SET"
    " count = known.count + excluded.count,"
    " first_seen = CASE WHEN excluded.first_seen < known.first_seen"
    " THEN excluded.first_seen ELSE known.first_seen END,"
    " last_seen = CASE WHEN excluded.last_seen > known.last_seen"
    " THEN excluded.last_seen ELSE known.last_seen END"
)
_DEFINE_PROPERTY = (
    "INSERT INTO property_definitions AS known"
    " (project_id, event_name, property, type, count, first_seen, last_seen)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project_id, event_name, property, type)"
    " DO UPDATE SET count = known.count + excluded.count,"
    " first_seen = CASE WHEN excluded.first_seen < known.first_seen"
    " THEN excluded.first_seen ELSE known.first_seen END,"
    " last_seen = CASE WHEN excluded.last_seen > known.last_seen"
    " THEN excluded.last_seen ELSE known.last_seen END"
)


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction stored: the new events, and every submission with its receipt."""

    events: Sequence[Event]
    outcomes: Sequence[tuple[Submission, Receipt]]


def roll_up(connection: Connection, written: Written) -> None:
    """Bring every rollup up to date with what this transaction stored."""
    for rollup in ROLLUPS:
        rollup(connection, written)


def count_events(connection: Connection, written: Written) -> None:
    """Events by name and bucket, at each grain."""
    finest = GRAINS[-1]
    cells = Counter(
        (event.project_id, event.timestamp // MICROSECONDS // finest * finest, event.event_name)
        for event in written.events
    )
    rows: Counter[tuple[int, int, int, str]] = Counter()
    for (project_id, bucket, name), count in cells.items():
        for grain in GRAINS:
            rows[project_id, grain, bucket // grain * grain, name] += count
    run(
        connection,
        "INSERT INTO event_counts (project_id, grain, bucket, event_name, count)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (project_id, grain, bucket, event_name)"
        " DO UPDATE SET count = event_counts.count + excluded.count",
        [(*cell, count) for cell, count in rows.items()],
    )


def count_verdicts(connection: Connection, written: Written) -> None:
    """What became of everything received, by day of arrival."""
    rows: Counter[tuple[int, int, str, str]] = Counter()
    for submission, receipt in written.outcomes:
        project, day = submission.project_id, submission.received_at // MICROSECONDS // DAY_SECONDS
        if receipt.accepted:
            rows[project, day, "accepted", ""] += receipt.accepted
        if receipt.duplicates:
            rows[project, day, "duplicate", ""] += receipt.duplicates
        for refused in submission.refused:
            rows[project, day, "rejected", refused.rejection.code] += 1
    run(
        connection,
        "INSERT INTO verdict_counts (project_id, day, verdict, code, count)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (project_id, day, verdict, code)"
        " DO UPDATE SET count = verdict_counts.count + excluded.count",
        [(*cell, count) for cell, count in rows.items()],
    )


def define_events(connection: Connection, written: Written) -> None:
    """Which events a project has, how often, first and last seen by their own times."""
    spans = _spans(((e.project_id, e.event_name), e.timestamp) for e in written.events)
    run(
        connection,
        _DEFINE_EVENT,
        [(*key, *span) for key, span in spans.items()],
    )


def define_properties(connection: Connection, written: Written) -> None:
    """Which properties an event has, by type; counted as ``define_events`` counts."""
    shapes = _spans(
        ((e.project_id, e.event_name, shape_of(e.properties)), e.timestamp) for e in written.events
    )
    spans: dict[tuple[int, str, str, str], Span] = {}
    for (project_id, name, shape), span in shapes.items():
        for field, kind in zip(*shape, strict=True):
            key = project_id, name, field, TYPE_NAMES[kind]
            known = spans.get(key)
            spans[key] = span if known is None else _joined(known, span)
    run(
        connection,
        _DEFINE_PROPERTY,
        [(*key, *span) for key, span in spans.items()],
    )


def shape_of(properties: str) -> Shape:
    """The keys of a stored object and the Python types of their values, in order."""
    values = _read(properties)
    return tuple(values), tuple(map(type, values.values()))


def _spans(items: Iterable[tuple[_Key, int]]) -> dict[_Key, Span]:
    """Key -> how many, the earliest and the latest time."""
    spans: dict[_Key, list[int]] = {}
    for key, moment in items:
        span = spans.get(key)
        if span is None:
            spans[key] = [1, moment, moment]
            continue
        span[0] += 1
        if moment < span[1]:
            span[1] = moment
        elif moment > span[2]:
            span[2] = moment
    return {key: (count, first, last) for key, (count, first, last) in spans.items()}


def _joined(one: Span, other: Span) -> Span:
    return one[0] + other[0], min(one[1], other[1]), max(one[2], other[2])


ROLLUPS: tuple[Callable[[Connection, Written], None], ...] = (
    count_events,
    count_verdicts,
    define_events,
    define_properties,
)
