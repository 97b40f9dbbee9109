"""What an interval is called: a local date, or a local time with its offset."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.query import Interval
from djangalytics_server.model.rfc3339 import render_local
from djangalytics_server.query import zones
from djangalytics_server.query.plan import STEPS

_DAY_ONE = date(1970, 1, 1)


def label(interval: Interval, bucket: int, offset: int) -> str:
    """The label of a local bucket; weeks begin on Monday and bear its date."""
    step = STEPS[interval]
    if step < DAY_SECONDS:
        return render_local((bucket * step - offset) * MICROSECONDS, offset)
    return _first_day(interval, _DAY_ONE + timedelta(days=bucket)).isoformat()


def labels(interval: Interval, zone: str, start: int, end: int) -> Iterator[str]:
    """Every label that an event in [start, end) can get, in order, once."""
    step = STEPS[interval]
    if step == DAY_SECONDS:
        yield from _dates(interval, zone, start, end)
        return
    first, last = start // MICROSECONDS, -(-end // MICROSECONDS)
    previous = ""
    for low, high, offset in zones.stretches(zone, first, last):
        for bucket in range((low + offset) // step, (high - 1 + offset) // step + 1):
            name = label(interval, bucket, offset)
            if name != previous:
                yield name
            previous = name


def how_many(interval: Interval, start: int, end: int) -> int:
    """About how many intervals [start, end) spans, never too few."""
    days = {"week": 7, "month": 28}.get(interval, 1)
    return (end - start) // (STEPS[interval] * days * MICROSECONDS) + 2


def _dates(interval: Interval, zone: str, start: int, end: int) -> Iterator[str]:
    tz = ZoneInfo(zone)
    earliest, last = zones.dates(zone, start, end)
    day = _first_day(interval, earliest)
    while day <= last:
        following = _next(interval, day)
        # A zone that crossed the date line left a day out: nothing can have happened on it.
        if zones.start_of_day(day, tz) < zones.start_of_day(following, tz):
            yield day.isoformat()
        day = following


def _first_day(interval: Interval, day: date) -> date:
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def _next(interval: Interval, day: date) -> date:
    if interval == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)
