"""Rollups: one function a table, run inside the transaction that stores the events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from djangalytics_server.model.event import (
    DAY_SECONDS,
    MICROSECONDS,
    Event,
    Receipt,
    Shape,
    Submission,
)
from djangalytics_server.store import producers
from djangalytics_server.store.link import Link
from djangalytics_server.store.statements import ask, run

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

MOST_PROPERTIES = 10_000
"""How many property definitions a project may have."""

_REMEMBERED = 100_000
_QUARTER = GRAINS[-1] * MICROSECONDS
# Places in an event: its attributes are slower, and this loop is what ingest waits for.
_PROJECT: Final = 0
_NAME: Final = 2
_TIMESTAMP: Final = 3
_SHAPE: Final = 10

Definition = tuple[int, str, str, str]
"""Project, event name, property, type."""
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

_HOW_MANY = "SELECT count(*) FROM property_definitions WHERE project_id = ?"
_IS_DEFINED = (
    "SELECT 1 FROM property_definitions"
    " WHERE project_id = ? AND event_name = ? AND property = ? AND type = ?"
)


class Defined:
    """The property definitions that this process has seen stored; bounded, and only a memory."""

    def __init__(self) -> None:
        self.known: set[Definition] = set()

    def remember(self, keys: Iterable[Definition]) -> None:
        """These are stored by now."""
        if len(self.known) > _REMEMBERED:
            self.known.clear()
        self.known.update(keys)

    def forget(self) -> None:
        """A transaction did not commit."""
        self.known.clear()


class Group(NamedTuple):
    """New events that are alike: of one name, quarter of an hour and shape, and their times."""

    project_id: int
    event_name: str
    quarter: int
    shape: Shape
    span: Span


class Written:
    """What one transaction stored: the new events, and every submission with its receipt."""

    def __init__(
        self,
        events: Sequence[Event],
        outcomes: Sequence[tuple[Submission, Receipt]],
        defined: Defined | None = None,
    ) -> None:
        self.events = events
        self.outcomes = outcomes
        self.defined = defined or Defined()
        self.groups = grouped(events)


def roll_up(connection: Link, written: Written) -> None:
    """Bring every rollup up to date with what this transaction stored."""
    for rollup in ROLLUPS:
        rollup(connection, written)


def count_events(connection: Link, written: Written) -> None:
    """Events by name and bucket, at each grain."""
    run(
        connection,
        "INSERT INTO event_counts (project_id, grain, bucket, event_name, count)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (project_id, grain, bucket, event_name)"
        " DO UPDATE SET count = event_counts.count + excluded.count",
        [(*cell, count) for cell, count in cells(written.groups).items()],
    )


def count_verdicts(connection: Link, written: Written) -> None:
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
        if receipt.unnumbered is not None:
            came = len(receipt.stored) + len(receipt.refused)
            rows[project, day, "unnumbered", receipt.unnumbered.code] += came
    run(
        connection,
        "INSERT INTO verdict_counts (project_id, day, verdict, code, count)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (project_id, day, verdict, code)"
        " DO UPDATE SET count = verdict_counts.count + excluded.count",
        [(*cell, count) for cell, count in rows.items()],
    )


def define_events(connection: Link, written: Written) -> None:
    """Which events a project has, how often, first and last seen by their own times."""
    spans = event_spans(written.groups)
    run(connection, _DEFINE_EVENT, [(*key, *span) for key, span in spans.items()])


def define_properties(connection: Link, written: Written) -> None:
    """Which properties an event has, by type; counted as ``define_events`` counts.

    A project has at most ``MOST_PROPERTIES`` of them: who makes up ever new keys gets no more
    rows. Those that are there are exact, because a row is made at the first sight of its key.
    """
    spans = property_spans(written.groups)
    unknown = spans.keys() - written.defined.known
    for key in _without_room(connection, unknown) if unknown else ():
        del spans[key]
    run(connection, _DEFINE_PROPERTY, [(*key, *span) for key, span in spans.items()])
    written.defined.remember(spans)


def account_for_numbers(connection: Link, written: Written) -> None:
    """What became of the numbers that producers gave their events."""
    numbered = [submission for submission, _ in written.outcomes if submission.numbering]
    if numbered:
        producers.keep_accounts(connection, numbered)


def _without_room(connection: Link, unknown: Iterable[Definition]) -> list[Definition]:
    """Those that are not stored and cannot be, because their project has all it may have."""
    by_project: dict[int, list[Definition]] = {}
    for key in unknown:
        by_project.setdefault(key[0], []).append(key)
    refused: list[Definition] = []
    for project_id, keys in by_project.items():
        room = _room(connection, project_id)
        if len(keys) <= room:
            continue
        new = [key for key in sorted(keys) if not _is_defined(connection, key)]
        refused += new[max(0, room) :]
    return refused


def is_full(connection: Link, project_id: int) -> bool:
    """Whether the project has all the property definitions it may have."""
    return _room(connection, project_id) <= 0


def _room(connection: Link, project_id: int) -> int:
    return MOST_PROPERTIES - int(ask(connection, _HOW_MANY, (project_id,))[0][0])


def _is_defined(connection: Link, key: Definition) -> bool:
    return bool(ask(connection, _IS_DEFINED, key))


def cells(groups: Iterable[Group]) -> Counter[tuple[int, int, int, str]]:
    """How many at (project, grain, bucket, event name), at each grain."""
    rows: Counter[tuple[int, int, int, str]] = Counter()
    for group in groups:
        second = group.quarter * GRAINS[-1]
        for grain in GRAINS:
            cell = group.project_id, grain, second // grain * grain, group.event_name
            rows[cell] += group.span[0]
    return rows


def event_spans(groups: Iterable[Group]) -> dict[tuple[int, str], Span]:
    """By project and event name."""
    spans: dict[tuple[int, str], Span] = {}
    for (project_id, name, _), (_, span) in _whenever(groups).items():
        _widen(spans, (project_id, name), span)
    return spans


def property_spans(groups: Iterable[Group]) -> dict[Definition, Span]:
    """By property; where an event has none there is nothing."""
    spans: dict[Definition, Span] = {}
    for (project_id, name, _), (shape, span) in _whenever(groups).items():
        for field, kind in zip(*shape, strict=True):
            _widen(spans, (project_id, name, field, TYPE_NAMES[kind]), span)
    return spans


def _whenever(groups: Iterable[Group]) -> dict[tuple[int, str, int], tuple[Shape, Span]]:
    """The groups of all quarters together: events of the past have hardly two in one."""
    alike: dict[tuple[int, str, int], tuple[Shape, Span]] = {}
    for project_id, name, _, shape, span in groups:
        key = project_id, name, id(shape)
        known = alike.get(key)
        alike[key] = shape, span if known is None else joined(known[1], span)
    return alike


def shape_of(properties: str) -> Shape:
    """The keys of a stored object and the Python types of their values, in order."""
    values = _read(properties)
    return tuple(values), tuple(map(type, values.values()))


def grouped(events: Sequence[Event]) -> list[Group]:
    """The events by what the rollups tell apart; one look at each, which is what ingest pays."""
    seen: dict[Shape, Shape] = {}
    shapes: dict[int, Shape] = {}
    spans: dict[tuple[int, str, int, int], list[int]] = {}
    for event in events:
        moment = event[_TIMESTAMP]
        shape = event[_SHAPE]
        if shape is None:
            shape = shape_of(event.properties)
            shape = seen.setdefault(shape, shape)
        number = id(shape)  # equal shapes are mostly one object, and that is quicker to compare
        key = event[_PROJECT], event[_NAME], moment // _QUARTER, number
        span = spans.get(key)
        if span is None:
            spans[key] = [1, moment, moment]
            shapes[number] = shape
            continue
        span[0] += 1
        if moment < span[1]:
            span[1] = moment
        elif moment > span[2]:
            span[2] = moment
    return [
        Group(project_id, name, quarter, shapes[number], (count, first, last))
        for (project_id, name, quarter, number), (count, first, last) in spans.items()
    ]


def _widen(spans: dict[_Key, Span], key: _Key, span: Span) -> None:
    known = spans.get(key)
    spans[key] = span if known is None else joined(known, span)


def joined(one: Span, other: Span) -> Span:
    """Both together."""
    return one[0] + other[0], min(one[1], other[1]), max(one[2], other[2])


ROLLUPS: tuple[Callable[[Link, Written], None], ...] = (
    count_events,
    count_verdicts,
    define_events,
    define_properties,
    account_for_numbers,
)
