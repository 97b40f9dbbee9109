"""RFC 3339 times and the integers we keep: microseconds since 1970 UTC.

Python 3.10's own parser knows only part of the standard, so the grammar stands here.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from djangalytics_server.model.event import MICROSECONDS

_FORM = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,20}))?"
    r"(?:([Zz])|([+-])(\d{2}):(\d{2}))?",
    re.ASCII,
)
PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$"
)
"""The form as a JSON Schema pattern, for generators of examples (which it keeps off day 29)."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - offsets are handled by hand
_DAY_ONE = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)


def parse(text: str) -> int:
    """Microseconds since 1970 UTC; a time without a zone is UTC, finer digits are cut off.

    A leap second counts as the first instant of the next minute. Raises ValueError.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date and time")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, _, sign, zone_hours, zone_minutes = match.groups()[6:]
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("not a time of day")
    days = date(year, month, day).toordinal() - _DAY_ONE
    seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
    if sign:
        if int(zone_hours) > 23 or int(zone_minutes) > 59:
            raise ValueError("not an offset from UTC")
        offset = int(zone_hours) * 3_600 + int(zone_minutes) * 60
        seconds += offset if sign == "-" else -offset
    return seconds * MICROSECONDS + int((fraction or "0")[:6].ljust(6, "0"))


def render(moment: int) -> str:
    """RFC 3339 in UTC with microseconds, such as 2026-11-22T18:49:34.123456Z."""
    return (_EPOCH + moment * _MICROSECOND).isoformat(timespec="microseconds") + "Z"


@lru_cache(maxsize=256)
def _at(offset: int) -> tuple[datetime, str]:
    """What clocks at this offset showed at the epoch, and how the offset is written."""
    minutes = round(offset / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return _EPOCH + timedelta(minutes=minutes), f"{sign}{hours:02d}:{rest:02d}"


def render_local(moment: int, offset: int) -> str:
    """RFC 3339 to the second, at ``offset`` seconds from UTC.

    An offset with seconds, which the standard cannot write, gives way to the nearest minute; the
    instant stays the same.
    """
    beginning, written = _at(offset)
    return (beginning + timedelta(seconds=moment // MICROSECONDS)).isoformat() + written
