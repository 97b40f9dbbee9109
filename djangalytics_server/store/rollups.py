"""Rollups: one function a table, run inside the transaction that stores the events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS, Event, Receipt, Submission

GRAINS = (DAY_SECONDS, 3_600, 900)
"""Lengths of the buckets that are kept, in seconds, coarsest first."""


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
    _add(
        connection,
        "INSERT INTO event_counts (project_id, grain, bucket, event_name, count)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (project_id, grain, bucket, event_name)"
        " DO UPDATE SET count = event_counts.count + excluded.count",
        ((*cell, count) for cell, count in rows.items()),
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
    _add(
        connection,
        "INSERT INTO verdict_counts (project_id, day, verdict, code, count)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (project_id, day, verdict, code)"
        " DO UPDATE SET count = verdict_counts.count + excluded.count",
        ((*cell, count) for cell, count in rows.items()),
    )


ROLLUPS: tuple[Callable[[Connection, Written], None], ...] = (
    count_events,
    count_verdicts,
)


def _add(connection: Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    parameters = list(rows)
    if parameters:
        connection.exec_driver_sql(statement, parameters)
