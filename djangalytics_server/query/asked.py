"""What every question shares: who asks, the range, and how a refusal is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from djangalytics_server.errors import FieldError, InvalidQuestion
from djangalytics_server.model.query import Interval
from djangalytics_server.model.reasons import QUESTIONS
from djangalytics_server.query import intervals, moments
from djangalytics_server.query.filters import Cohorts, no_cohorts

FROM = "Where the range begins, inclusive: RFC 3339, or a date in tz."
TO = "Where it ends: a date includes that day, a date and time is exclusive."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known beside the body: whose events, in which zone, what time it is, and cohorts."""

    project_id: int
    zone: str
    now: int
    cohorts: Cohorts = no_cohorts


def refused(errors: list[FieldError]) -> InvalidQuestion:
    """The error that names them all."""
    first = errors[0]
    return InvalidQuestion(
        f"{first.field}: {first.message}" if first.field else first.message, errors=errors
    )


def wrong(code: str, field: str, message: str = "") -> InvalidQuestion:
    """The error that names one."""
    return refused([FieldError(code, message or QUESTIONS[code], field)])


def span(loaded: dict[str, Any], asked: Asked) -> tuple[str, int | None, int | None]:
    """Zone, start and end of the range, either open; raises InvalidQuestion."""
    zone = loaded.get("tz", asked.zone)
    ends: list[int | None] = []
    for name, days in (("from", 0), ("to", 1)):
        text = loaded.get(name) or loaded.get(f"{name}_")
        try:
            ends.append(None if text is None else moments.read(text, zone, days))
        except ValueError as error:
            raise wrong("invalid_time", name) from error
    start, end = ends
    if start is not None and end is not None and start >= end:
        raise wrong("range_empty", "from")
    return zone, start, end


def too_many(most: str) -> InvalidQuestion:
    """The error of a range with more intervals than an answer has."""
    words = f"There are at most {most}: choose a longer interval, or a shorter range."
    return wrong("too_many_intervals", "interval", words)


def closed_span(
    loaded: dict[str, Any], asked: Asked, interval: Interval
) -> tuple[str, tuple[int, int]]:
    """Zone, start and end; an open end is that of today, an open start as many days before as
    suit the interval. Raises InvalidQuestion.
    """
    zone, start, end = span(loaded, asked)
    if end is None:
        end = intervals.end_of_today(zone, asked.now)
    if start is None:
        start = intervals.default_start(interval, zone, end)
    if start >= end:
        raise wrong("range_empty", "from")
    return zone, (start, end)
