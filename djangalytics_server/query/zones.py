"""Time zones: where a local day begins, and when their offset is constant."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_DAY_ONE = _EPOCH.date()
FOLD = 2 * DAY_SECONDS
"""No local day goes on later than this after some of another one."""


def offset_at(zone: ZoneInfo, second: int) -> int:
    """Distance of the zone's clocks from UTC, in seconds, at a second since 1970."""
    moment = datetime.fromtimestamp(second, zone)
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def start_of_day(day: date, zone: ZoneInfo) -> int:
    """The first instant of a local day, in microseconds since 1970 UTC.

    Where clocks jump over midnight that is the jump itself, as zoneinfo reads a time in a gap.
    """
    local = datetime.combine(day, time(), zone)
    return (local - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=256)
def stretches(name: str, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    """Cut [start, end) (seconds since 1970) where the zone's offset changes.

    Returns (start, end, offset) in order. No zone changes twice within a day.
    """
    zone = ZoneInfo(name)
    cuts, offset = [start], offset_at(zone, start)
    offsets = [offset]
    at = start
    while at < end:
        following = min(at + DAY_SECONDS, end)
        changed = offset_at(zone, following)
        if changed != offset and following > at:
            cuts.append(_change(zone, at, following))
            offsets.append(changed)
            offset = changed
        at = following
    cuts.append(end)
    pieces = zip(cuts, cuts[1:], offsets, strict=False)
    return tuple(piece for piece in pieces if piece[0] < piece[1])


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """The second within (low, high] at which the offset is first that of ``high``."""
    target = offset_at(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle) == target:
            high = middle
        else:
            low = middle
    return high


def local_date(moment: int, zone: ZoneInfo) -> date:
    """The local date of a moment in microseconds since 1970 UTC."""
    return datetime.fromtimestamp(moment // MICROSECONDS, zone).date()


def dates(name: str, start: int, end: int) -> tuple[date, date]:
    """The first and the last local date of the moments from ``start`` to before ``end``.

    Clocks that went back over midnight may have either a while from the range's end.
    """
    first, last = start // MICROSECONDS, -(-end // MICROSECONDS)
    near = min(last, first + FOLD), max(first, last - FOLD)
    pieces = (*stretches(name, first, near[0]), *stretches(name, near[1], last))
    days = [
        (moment + offset) // DAY_SECONDS
        for low, high, offset in pieces
        for moment in (low, high - 1)
    ]
    return _DAY_ONE + timedelta(days=min(days)), _DAY_ONE + timedelta(days=max(days))
