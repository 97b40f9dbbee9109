"""Funnels: everybody's best attempt, counted step by step."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from djangalytics_server.model.funnel import (
    BINS,
    Funnel,
    FunnelAnswer,
    FunnelLine,
    Taken,
    Wanted,
)
from djangalytics_server.model.insight import Group, Kind, Walk
from djangalytics_server.query import groups
from djangalytics_server.query.attempts import Attempt, best_of
from djangalytics_server.store.base import Snapshot

_SECOND = 1_000_000


def answer(question: Funnel, snapshot: Snapshot) -> FunnelAnswer:
    """Everybody's best attempt, by group."""
    attempts: dict[str, Attempt] = dict(_attempts(question, snapshot))
    total = _line(question, groups.EVERYTHING, list(attempts.values()))
    lines: tuple[FunnelLine, ...] = ()
    if question.breakdown:
        counts = Counter(attempt.group for attempt in attempts.values())
        found = groups.counted(question.breakdown, counts, question.groups)
        members: list[list[Attempt]] = [[] for _ in found.shown]
        for attempt in attempts.values():
            members[found.of(attempt.group)].append(attempt)
        pairs = zip(found.shown, members, strict=True)
        lines = tuple(_line(question, group, mine) for group, mine in pairs)
    people = () if question.wanted is None else _people(question.wanted, attempts)
    return FunnelAnswer(question, total, lines, people)


def _attempts(question: Funnel, snapshot: Snapshot) -> Iterator[tuple[str, Attempt]]:
    best = best_of(question)
    start, end = question.span
    kinds = [Kind(step.event_name, step.filter) for step in question.steps]
    kinds += [Kind(one.event_name, one.filter) for one in question.exclusions]
    unordered = question.order == "unordered"
    walk = Walk(
        question.project_id,
        (start, end + question.window + 1),  # who begins at the last moment has the time too
        tuple(kinds),
        question.filter,
        all=question.order == "strict",
        breakdown=question.breakdown,
        broken=len(question.steps) if unordered else 1,
    )
    for person, rows in groupby(snapshot.walk(walk), itemgetter(0)):
        attempt = best(list(rows))
        if attempt is not None:
            yield person, attempt


def _line(question: Funnel, group: Group, attempts: Sequence[Attempt]) -> FunnelLine:
    steps = []
    for place in range(len(question.steps)):
        took = [attempt.times for attempt in attempts if len(attempt.times) > place]
        if place == 0:
            steps.append(Taken(len(took)))
            continue
        since = sorted(times[place] - times[place - 1] for times in took)
        whole = sorted(times[place] - times[0] for times in took)
        steps.append(Taken(len(took), *_typical(since), *_typical(whole)))
    bins = [0] * (len(BINS) + 1)
    for attempt in attempts:
        if len(attempt.times) == len(question.steps):
            bins[_bin(attempt.times[-1] - attempt.times[0])] += 1
    return FunnelLine(group, tuple(steps), tuple(bins))


def _bin(microseconds: int) -> int:
    return bisect_left(BINS, Fraction(microseconds, _SECOND))


def _typical(found: Sequence[int]) -> tuple[float | None, float | None]:
    """Average and median of sorted microseconds, in seconds."""
    if not found:
        return None, None
    average = Fraction(sum(found), len(found) * _SECOND)
    middle = Fraction(found[(len(found) - 1) // 2] + found[len(found) // 2], 2 * _SECOND)
    return float(average), float(middle)


def _people(wanted: Wanted, attempts: dict[str, Attempt]) -> tuple[str, ...]:
    """Ids of those who are wanted, in their order."""
    least = wanted.step if wanted.which == "reached" else wanted.step - 1
    found = sorted(
        person
        for person, attempt in attempts.items()
        if person > wanted.after
        and len(attempt.times) >= least
        and (wanted.which == "reached" or len(attempt.times) == least)
    )
    return tuple(found[: wanted.limit])
