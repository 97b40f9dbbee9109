"""Retention in plain Python: every person's days, weeks or months are looked at one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.retention import Retention
from tests.oracle_filters import passes
from tests.oracle_trends import DAYS, SECOND, key_of, named, walk


def answer(question: Retention, events: Sequence[StoredEvent]) -> Any:
    """Everybody, then the groups."""
    start, end = question.span
    labels = walk(question, start, end)
    furthest = max(column.last or column.first for column in question.columns)
    far = end + (furthest + 2) * DAYS[question.interval] * 86_400 * SECOND
    followed = walk(question, start, far)[: len(labels) + furthest]
    mine = [e for e in events if e.distinct_id is not None and passes(e, question.filter)]
    mine.sort(key=lambda event: (event.timestamp, event.id))
    members = begun(question, mine, labels)
    order = [None]
    if question.breakdown:
        counts = Counter(key for _, _, key in members)
        every = sorted(counts, key=lambda key: (-counts[key], key))
        told, rest = every[: question.groups], every[question.groups :]
        order += [[key] for key in told] + ([rest] if rest else [])
    return [
        line(question, labels, followed, mine, [m for m in members if keys is None or m[2] in keys])
        for keys in order
    ]


def is_kind(event: StoredEvent, kind: Any) -> bool:
    return kind.event_name in (None, event.event_name) and passes(event, kind.filter)


def begun(question: Retention, mine: Sequence[StoredEvent], labels: Sequence[str]) -> list[Any]:
    """(person, interval, group) of everybody in a cohort."""
    start, end = question.span
    found = {}
    for event in mine:
        if not is_kind(event, question.begin) or event.timestamp >= end:
            continue
        inside = event.timestamp >= start
        cohort = labels.index(named(question, event.timestamp)) if inside else -1
        place = (event.distinct_id, 0 if question.first_time else cohort)
        found.setdefault(place, (event.distinct_id, cohort, key_of(question, event)))
    return [one for one in found.values() if one[1] >= 0]


def line(
    question: Retention,
    labels: Sequence[str],
    followed: Sequence[str],
    mine: Sequence[StoredEvent],
    members: Sequence[Any],
) -> Any:
    """The cohorts of some members, and the averages."""
    start, _ = question.span
    backs: dict[Any, set[int]] = {}
    for event in mine:
        if is_kind(event, question.come_back) and event.timestamp >= start:
            label = named(question, event.timestamp)
            at = followed.index(label) if label in followed else 10_000
            backs.setdefault(event.distinct_id, set()).add(at)
    now = walk(question, question.now, question.now + 48 * 3_600 * SECOND)[0]
    cohorts = []
    for place in range(len(labels)):
        people = [person for person, cohort, _ in members if cohort == place]
        returned, over = [], []
        for column in question.columns:
            last = 20_000 if column.last is None else place + column.last
            back = [
                person
                for person in people
                if any(place + column.first <= at <= last for at in backs.get(person, ()))
            ]
            returned.append(len(back))
            ends = place + (column.first if column.last is None else column.last)
            over.append(is_over(question, followed[ends], now))
        cohorts.append((labels[place], len(people), tuple(returned), tuple(over)))
    average = []
    for at in range(len(question.columns)):
        done = [cohort for cohort in cohorts if cohort[3][at]]
        people = sum(cohort[1] for cohort in done)
        average.append(sum(cohort[2][at] for cohort in done) / people if people else None)
    return cohorts, average


def is_over(question: Retention, label: str, now: str) -> bool:
    """Whether an interval lies wholly before the first that has a moment from now on; dates are
    in the order of their text.
    """
    return label < now
