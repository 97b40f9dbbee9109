"""Ranges that begin or end where clocks went back over midnight."""

from __future__ import annotations

from djangalytics_server.model import rfc3339
from djangalytics_server.model.query import Interval
from djangalytics_server.query import intervals, labels

ZONE = "America/St_Johns"
BACK = rfc3339.parse("2006-10-29T02:31:00Z")
"""One minute after midnight it was 23:01 again; midnight came a second time an hour later."""
MINUTE = 60_000_000


def slots(interval: Interval, start: int, end: int, sunday: bool = False) -> list[tuple[str, bool]]:
    return [(s.label, s.whole) for s in intervals.cut(interval, ZONE, sunday, (start, end))]


def test_a_range_that_begins_in_the_first_minute_of_a_day_has_the_rest_of_the_day_before() -> None:
    """Both days are there in the order of the calendar, and neither is whole."""
    start, end = BACK - MINUTE // 2, BACK + 90 * MINUTE
    assert slots("day", start, end) == [("2006-10-28", False), ("2006-10-29", False)]
    assert list(labels.labels("day", ZONE, start, end)) == ["2006-10-28", "2006-10-29"]
    (before, after) = intervals.cut("day", ZONE, False, (start, end))
    assert before.ranges == ((BACK, BACK + 59 * MINUTE),)
    assert after.ranges == ((start, BACK), (BACK + 59 * MINUTE, end))


def test_a_day_that_goes_on_after_the_range_is_not_whole() -> None:
    """A range that ends with that minute, or in the hour after it, has some of the next day."""
    for end in (BACK, BACK + 10 * MINUTE):
        start = BACK - 30 * MINUTE
        assert slots("day", start, end) == [("2006-10-28", False), ("2006-10-29", False)]
        assert list(labels.labels("day", ZONE, start, end)) == ["2006-10-28", "2006-10-29"]


def test_a_week_that_goes_on_after_the_first_minute_of_the_next_comes_first() -> None:
    """Weeks from Sunday are cut by that minute too; those from Monday are not."""
    start, end = BACK - MINUTE // 2, BACK + 90 * MINUTE
    assert slots("week", start, end, sunday=True) == [("2006-10-22", False), ("2006-10-29", False)]
    assert slots("week", start, end) == [("2006-10-23", False)]
