"""Ask the store, and fold what it says into an answer."""

from __future__ import annotations

from collections import Counter
from datetime import date
from zoneinfo import ZoneInfo

from djangalytics_server.errors import FieldError, InvalidParameter
from djangalytics_server.model import rfc3339
from djangalytics_server.model.event import DAY_SECONDS
from djangalytics_server.model.query import EventPage, Stats, StatsAnswer
from djangalytics_server.model.reasons import PARAMETERS
from djangalytics_server.query import labels, plan, zones
from djangalytics_server.query.plan import STEPS
from djangalytics_server.store.base import Store

RECENT = 50
MOST_INTERVALS = 25_000
MOST_STARTS = 1_000
"""Above this many intervals their list is left out: no chart draws so many points."""


def stats(question: Stats, store: Store, now: int) -> StatsAnswer:
    """The dashboard's answer; ``now`` bounds the list of intervals of an open range."""
    recent = store.newest(
        EventPage(
            question.project_id,
            limit=RECENT,
            start=question.start,
            end=question.end,
            event_names=question.event_names,
        )
    )
    verdicts = store.verdicts(question.project_id)
    span = _span(question, store)
    daily: Counter[tuple[str, str]] = Counter()
    names: dict[tuple[int, int], str] = {}
    totals: Counter[str] = Counter()
    if span is not None:
        _check_size(question, span)
        for row in store.count(plan.by_interval(question, *span)):
            place = (row.bucket, row.offset)
            if place not in names:
                names[place] = labels.label(question.interval, *place)
            daily[names[place], row.event_name] += row.events
            totals[row.event_name] += row.events
    rows = _in_order(question, span, daily)
    return StatsAnswer(
        question=question,
        daily=rows,
        totals=tuple(sorted(totals.items(), key=lambda item: (-item[1], item[0]))),
        recent=tuple(recent),
        starts=_starts(question, [day for day, _, _ in rows], now),
        verdicts=verdicts,
    )


def _in_order(
    question: Stats, span: tuple[int, int] | None, daily: Counter[tuple[str, str]]
) -> tuple[tuple[str, str, int], ...]:
    """Rows in order of time, then name; hours do not sort as text where clocks go back."""
    order: dict[str, int] = {}
    if span is not None and STEPS[question.interval] < DAY_SECONDS:
        names = labels.labels(question.interval, question.zone, *span)
        order = {name: place for place, name in enumerate(names)}
    cells = sorted(daily.items(), key=lambda cell: (order.get(cell[0][0], 0), cell[0]))
    return tuple((label, name, count) for (label, name), count in cells)


def _check_size(question: Stats, span: tuple[int, int]) -> None:
    if labels.how_many(question.interval, *span) > MOST_INTERVALS:
        words = PARAMETERS["too_many_intervals"]
        error = FieldError("too_many_intervals", words, "interval")
        raise InvalidParameter(words, errors=[error])


def _span(question: Stats, store: Store) -> tuple[int, int] | None:
    """The asked range, cut to where there are events at all; None when there are none."""
    bounds = store.bounds(question.project_id)
    if bounds is None:
        return None
    start = bounds[0] if question.start is None else max(bounds[0], question.start)
    end = bounds[1] if question.end is None else min(bounds[1], question.end)
    return (start, end) if start < end else None


def _starts(question: Stats, counted: list[str], now: int) -> tuple[str, ...]:
    """Every interval of the range in order, so that a chart can draw the empty ones too.

    An open range runs from the first interval with events to now, or to the last one with
    events: a sender's clock may be a little ahead.
    """
    start = question.start if question.start is not None else _start_of(question, counted)
    end = question.end if question.end is not None else now + 1
    if start is None or start >= end:
        return ()
    if labels.how_many(question.interval, start, end) > MOST_STARTS:
        return ()
    names = list(labels.labels(question.interval, question.zone, start, end))
    known = set(names)
    return (*names, *(name for name in dict.fromkeys(counted) if name not in known))


def _start_of(question: Stats, counted: list[str]) -> int | None:
    """An instant inside the first interval that has events."""
    if not counted:
        return None
    if STEPS[question.interval] < DAY_SECONDS:
        return rfc3339.parse(counted[0])
    return zones.start_of_day(date.fromisoformat(counted[0]), ZoneInfo(question.zone))
