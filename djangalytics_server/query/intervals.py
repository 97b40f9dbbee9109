"""A range cut into the intervals of a chart, in any zone, on any day."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.insight import Range, Slot
from djangalytics_server.model.query import Interval
from djangalytics_server.query import labels, moments, zones
from djangalytics_server.query.plan import STEPS

DEFAULT_DAYS: dict[Interval, int] = {"minute": 1, "hour": 2, "day": 30, "week": 84, "month": 365}
"""How many local days a range without a beginning has, the last one included."""

_DAY_ONE = date(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def default_start(interval: Interval, zone: str, end: int) -> int:
    """Where a range begins that names no beginning: at the start of a local day."""
    tz = ZoneInfo(zone)
    day = zones.local_date(end - 1, tz) - timedelta(days=DEFAULT_DAYS[interval] - 1)
    return zones.start_of_day(day, tz)


def end_of_today(zone: str, now: int) -> int:
    """Where a range ends that names no end."""
    tz = ZoneInfo(zone)
    return zones.start_of_day(zones.local_date(now, tz) + timedelta(days=1), tz)


def how_many(interval: Interval, start: int, end: int) -> int:
    """About how many intervals the range has, never too few."""
    return labels.how_many(interval, start, end)


def cut(
    interval: Interval, zone: str, sunday: bool, span: Range, now: int | None = None
) -> list[Slot]:
    """Every interval that the range touches, in order; those at its ends are cut to it.

    An interval that ends after ``now`` is not whole. Where clocks went back over midnight a day is
    gone on with after some of the next one: days come in the order of the calendar, each once.
    """
    start, end = span
    if start >= end:
        return []
    found = _pieces(interval, zone, sunday, span)
    days = STEPS[interval] == DAY_SECONDS
    margin = zones.FOLD * MICROSECONDS if days else 1
    beyond = (start - margin, start), (end, end + margin)
    cut_ones = {name for span in beyond for name in _pieces(interval, zone, sunday, span)}
    return [
        Slot(name, tuple(ranges), name not in cut_ones and (now is None or ranges[-1][1] <= now))
        for name, ranges in (sorted(found.items()) if days else found.items())
    ]


def _pieces(interval: Interval, zone: str, sunday: bool, span: Range) -> dict[str, list[Range]]:
    """Where in the range each interval is, by its label."""
    start, end = span
    found: dict[str, list[Range]] = {}
    step = STEPS[interval]
    first, last = start // MICROSECONDS, -(-end // MICROSECONDS)
    for low, high, offset in zones.stretches(zone, first, last):
        for bucket in range((low + offset) // step, (high - 1 + offset) // step + 1):
            begin = max(low, bucket * step - offset) * MICROSECONDS
            finish = min(high, (bucket + 1) * step - offset) * MICROSECONDS
            piece = max(start, begin), min(end, finish)
            _add(found.setdefault(label(interval, bucket, offset, sunday), []), piece)
    return found


def _add(pieces: list[Range], piece: Range) -> None:
    """Take in a piece that lies after the others; where it touches the last, it lengthens it."""
    if pieces and pieces[-1][1] == piece[0]:
        piece = pieces.pop()[0], piece[1]
    pieces.append(piece)


def label(interval: Interval, bucket: int, offset: int, sunday: bool) -> str:
    """What the interval of a local bucket is called; see ``labels.label``."""
    if interval == "week" and sunday:
        day = _DAY_ONE + timedelta(days=bucket)
        return (day - timedelta(days=(day.weekday() + 1) % 7)).isoformat()
    return labels.label(interval, bucket, offset)


def moved_back(interval: Interval, zone: str, span: Range, count: int) -> Range:
    """The range before: as far back as ``count`` intervals are long.

    Days, weeks and months go back on the calendar and keep the time of day; hours and minutes go
    back by the length of the range.
    """
    start, end = span
    if STEPS[interval] < DAY_SECONDS:
        return start - (end - start), start
    tz = ZoneInfo(zone)
    first = _earlier(interval, tz, start, count)
    # Where clocks changed in that place, a short range may find no time at all.
    return first, max(first, _earlier(interval, tz, end, count))


def _earlier(interval: Interval, zone: ZoneInfo, moment: int, count: int) -> int:
    local = (_EPOCH + timedelta(microseconds=moment)).astimezone(zone)
    day = local.date()
    if interval == "month":
        months = day.year * 12 + day.month - 1 - count
        first = date(months // 12, months % 12 + 1, 1)
        following = (first + timedelta(days=31)).replace(day=1)
        day = min(first + timedelta(days=day.day - 1), following - timedelta(days=1))
    else:
        day -= timedelta(days=count * (7 if interval == "week" else 1))
    back = datetime.combine(day, local.time(), zone)
    return (back - _EPOCH) // timedelta(microseconds=1)


def with_those_before(
    interval: Interval, zone: str, sunday: bool, span: Range, count: int
) -> list[Slot]:
    """The intervals of the range and ``count`` before them, the first of the range uncut."""
    start, end = span
    longest = {"week": 7, "month": 31}.get(interval, 1) * STEPS[interval]
    # A day may be left out or be longer: a bit more than is needed, then the newest of it.
    earliest = start - (longest * (count + 1) + 3 * DAY_SECONDS) * MICROSECONDS
    wanted = len(cut(interval, zone, sunday, span)) + count
    return cut(interval, zone, sunday, (earliest, end))[-wanted:]


def with_those_after(
    interval: Interval, zone: str, sunday: bool, span: Range, count: int
) -> list[Slot]:
    """The intervals of the range, the last of them uncut, and ``count`` after them; fewer where
    the calendar ends.
    """
    start, end = span
    longest = {"week": 7, "month": 31}.get(interval, 1) * STEPS[interval]
    latest = min(end + (longest * (count + 1) + 3 * DAY_SECONDS) * MICROSECONDS, moments.LATEST)
    wanted = len(cut(interval, zone, sunday, span)) + count
    return cut(interval, zone, sunday, (start, max(end, latest)))[:wanted]
