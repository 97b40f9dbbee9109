"""Sessions in plain Python: events are put together one by one, then looked at as a list."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.sessions import COUNTS, LENGTHS, Sessions
from tests.oracle_filters import passes
from tests.oracle_trends import SECOND, key_of, named, walk

DAY = 86_400 * SECOND
Session = list[StoredEvent]


def answer(question: Sessions, events: Sequence[StoredEvent]) -> Any:
    """Events in no session, then all sessions and each group."""
    start, end = question.span
    mine = [event for event in events if passes(event, question.filter)]
    found = beginning_in(question, mine)
    homeless = [e for e in mine if e.session_id is None and e.distinct_id is None]
    without = sum(start <= event.timestamp < end for event in homeless)
    labels = walk(question, start, end)
    lines = [line(question, labels, None, found)]
    if question.breakdown:
        counts = Counter(key_of(question, session[0]) for session in found)
        order = sorted(counts, key=lambda key: (-counts[key], key))
        for key in order[: question.groups]:
            lines.append(
                line(question, labels, key, [s for s in found if key_of(question, s[0]) == key])
            )
        rest = order[question.groups :]
        if rest:
            others = [s for s in found if key_of(question, s[0]) in rest]
            lines.append(line(question, labels, "other", others))
    return without, lines


def beginning_in(question: Any, events: Sequence[StoredEvent]) -> list[Session]:
    """The sessions whose first event is in the range; a day around it is known."""
    start, end = question.span
    known = [e for e in events if start - DAY <= e.timestamp < end + DAY]
    known.sort(key=lambda event: (event.timestamp, event.id))
    sessions: list[Session] = []
    for session_id in {event.session_id for event in known} - {None}:
        sessions.append([event for event in known if event.session_id == session_id])
    for person in {event.distinct_id for event in known} - {None}:
        mine = [e for e in known if e.distinct_id == person and e.session_id is None]
        for at, event in enumerate(mine):
            if at == 0 or event.timestamp - mine[at - 1].timestamp > question.silence:
                sessions.append([])
            sessions[-1].append(event)
    return [session for session in sessions if start <= session[0].timestamp < end]


def line(question: Sessions, labels: Sequence[str], key: Any, found: Sequence[Session]) -> Any:
    """Everything that is said of some sessions."""
    lengths = sorted(Fraction(s[-1].timestamp - s[0].timestamp, SECOND) for s in found)
    sizes = sorted(Fraction(len(session)) for session in found)
    people = [[e.distinct_id for e in session if e.distinct_id is not None] for session in found]
    values = []
    for label in labels:
        here = [s for s in found if named(question, s[0].timestamp) == label]
        long = sum(Fraction(s[-1].timestamp - s[0].timestamp, SECOND) for s in here)
        many = sum(Fraction(len(session)) for session in here)
        each = (float(long / len(here)), float(many / len(here))) if here else (None, None)
        values.append((len(here), *each))
    return (
        key,
        len(found),
        len({ids[0] for ids in people if ids}),
        sum(len(session) for session in found),
        sum(len(session) == 1 for session in found),
        typical(lengths),
        typical(sizes),
        bins(lengths, LENGTHS),
        bins(sizes, COUNTS),
        tuple(values),
    )


def typical(found: Sequence[Fraction]) -> Any:
    """Average, median, 90th percentile and maximum."""
    if not found:
        return None, None, None, None
    percentiles = []
    for percent in (50, 90):
        rank = Fraction((len(found) - 1) * percent, 100)
        low, high = found[math.floor(rank)], found[math.ceil(rank)]
        percentiles.append(float(low + (high - low) * (rank - math.floor(rank))))
    return float(sum(found) / len(found)), *percentiles, float(found[-1])


def bins(found: Sequence[Fraction], tops: Sequence[int]) -> Any:
    """How many lie above the bound before and not above their own."""
    bounds = (-1, *tops, math.inf)
    pairs = pairwise(bounds)
    return tuple(sum(low < value <= high for value in found) for low, high in pairs)
