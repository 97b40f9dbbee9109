"""Funnels: everybody's best attempt, counted step by step."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

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
from djangalytics_server.query.attempts import Attempt, attempts_of
from djangalytics_server.query.numbered_attempts import NumberedAttempts
from djangalytics_server.store.base import Snapshot

_SECOND = 1_000_000
_TOPS = [top * _SECOND for top in BINS]


def answer(question: Funnel, snapshot: Snapshot) -> FunnelAnswer:
    """Everybody's best attempt, by group."""
    numbered = _by_number(question, snapshot)
    if numbered is not None:
        return numbered
    found = attempts_of(question)
    found.take(snapshot.walk(_walk(question)))
    attempts = [attempt for _, attempt in found.best()]
    total = _line(question, groups.EVERYTHING, len(attempts), attempts)
    lines: tuple[FunnelLine, ...] = ()
    if question.breakdown:
        counts = Counter(attempt[0] for attempt in attempts)
        split = groups.counted(question.breakdown, counts, question.groups)
        members: list[list[Attempt]] = [[] for _ in split.shown]
        for attempt in attempts:
            members[split.of(attempt[0])].append(attempt)
        pairs = zip(split.shown, members, strict=True)
        lines = tuple(_line(question, group, len(mine), mine) for group, mine in pairs)
    people = () if question.wanted is None else _people(question.wanted, found.best())
    return FunnelAnswer(question, total, lines, people)


def _by_number(question: Funnel, snapshot: Snapshot) -> FunnelAnswer | None:
    """The same of very many events, where nobody is listed; None: better by ids."""
    plain = question.order == "ordered" and not question.breakdown and question.wanted is None
    if not plain or question.span[0] <= 0:  # a time of 0 is none there
        return None
    found = snapshot.stepped(_walk(question))
    if found is None:
        return None
    attempts = NumberedAttempts(question, found.end)
    for portion in found.portions:
        attempts.take(portion)
    line = _line(question, groups.EVERYTHING, attempts.begun(), attempts.further())
    return FunnelAnswer(question, line)


def _walk(question: Funnel) -> Walk:
    start, end = question.span
    kinds = [Kind(step.event_name, step.filter) for step in question.steps]
    kinds += [Kind(one.event_name, one.filter) for one in question.exclusions]
    return Walk(
        question.project_id,
        (start, end + question.window + 1),  # who begins at the last moment has the time too
        tuple(kinds),
        question.filter,
        all=question.order == "strict",
        breakdown=question.breakdown,
        broken=len(question.steps) if question.order == "unordered" else 1,
        cuts=(end,),
    )


def _line(question: Funnel, group: Group, begun: int, attempts: Iterable[Attempt]) -> FunnelLine:
    """The steps of some attempts, which have their times from the second member on; of so many in
    all: those that took one step may be left out.
    """
    took, steps = attempts, [Taken(begun)]
    for step in range(2, len(question.steps) + 1):
        took = [attempt for attempt in took if len(attempt) > step]
        since = sorted([attempt[step] - attempt[step - 1] for attempt in took])
        whole = since if step == 2 else sorted([attempt[step] - attempt[1] for attempt in took])
        steps.append(Taken(len(took), *_typical(since), *_typical(whole)))
    bins = [0] * (len(BINS) + 1)
    for attempt in took:
        bins[_bin(attempt[-1] - attempt[1])] += 1
    return FunnelLine(group, tuple(steps), tuple(bins))


def _bin(microseconds: int) -> int:
    return bisect_left(_TOPS, microseconds)


def _typical(found: Sequence[int]) -> tuple[float | None, float | None]:
    """Average and median of sorted microseconds, in seconds."""
    if not found:
        return None, None
    average = Fraction(sum(found), len(found) * _SECOND)
    middle = Fraction(found[(len(found) - 1) // 2] + found[len(found) // 2], 2 * _SECOND)
    return float(average), float(middle)


def _people(wanted: Wanted, attempts: Iterable[tuple[str, Attempt]]) -> tuple[str, ...]:
    """Ids of those who are wanted, in their order."""
    least = wanted.step if wanted.which == "reached" else wanted.step - 1
    found = sorted(
        person
        for person, attempt in attempts
        if person > wanted.after
        and len(attempt) > least
        and (wanted.which == "reached" or len(attempt) == least + 1)
    )
    return tuple(found[: wanted.limit])
