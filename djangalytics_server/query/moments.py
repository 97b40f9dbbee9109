"""Ends of a range as people write them: a date in their zone, or an RFC 3339 time."""

from __future__ import annotations

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from djangalytics_server.model import rfc3339
from djangalytics_server.query import zones

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# A year at both ends of the calendar is out of reach: no zone's clocks fall off it.
_FIRST, _LAST = date(1900, 1, 1), date(9998, 12, 31)
_EARLIEST, LATEST = rfc3339.parse("1900-01-01T00:00:00"), rfc3339.parse("9999-01-01T00:00:00")


def read(text: str, zone: str, days: int) -> int:
    """Microseconds since 1970; a date is the start of the local day ``days`` after it.

    Raises ValueError, also for what lies out of reach.
    """
    if _DATE.fullmatch(text):
        day = date.fromisoformat(text)
        if not _FIRST <= day <= _LAST:
            raise ValueError("out of reach")
        return zones.start_of_day(day + timedelta(days=days), ZoneInfo(zone))
    moment = rfc3339.parse(text)
    if not _EARLIEST <= moment < LATEST:
        raise ValueError("out of reach")
    return moment
