"""Moments that a statement states: a text, now(), and what lies so long before or after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from sqlglot import exp

UNITS = ("minute", "hour", "day", "week", "month", "year")
"""To which date_trunc() cuts."""
TIME_TYPES = frozenset(
    (exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ)
)
_LENGTHS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_MOST_COUNT = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def stated(node: exp.Expression, now: int, *, text: bool) -> int | None:
    """Microseconds since 1970 of what is a moment as it stands; ``text``: a text is one, too."""
    found = _stated(node, _EPOCH + timedelta(microseconds=now), text=text)
    return None if found is None else (found - _EPOCH) // timedelta(microseconds=1)


def shown(moment: int) -> datetime:
    """The same as a date and time in UTC."""
    return _EPOCH + timedelta(microseconds=moment)


def _stated(node: exp.Expression, now: datetime, *, text: bool) -> datetime | None:
    if isinstance(node, exp.Literal) and node.is_string and text:
        return _read(str(node.this))
    form = _FORMS.get(type(node))
    try:
        return None if form is None else form(node, now, text)
    except (OverflowError, ValueError):
        return None  # it lies outside the years 1 to 9999


def _read(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        return None
    return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found


def _cast(node: exp.Expression, now: datetime, text: bool) -> datetime | None:
    to = node.args["to"].this
    if to not in TIME_TYPES or node.args.get("format"):
        return None
    found = _stated(node.this, now, text=True)
    return _cut(found, "day") if found is not None and to == exp.DataType.Type.DATE else found


def _moved(node: exp.Expression, now: datetime, text: bool) -> datetime | None:
    begin, by = _stated(node.this, now, text=text), node.expression
    if begin is None or not isinstance(by, exp.Interval):
        return None
    unit, many = str(by.args.get("unit") or "").lower().removesuffix("s"), str(by.this.this)
    if not many.isdigit() or int(many) > _MOST_COUNT:
        return None
    count = int(many) if isinstance(node, exp.Add) else -int(many)
    if unit in _LENGTHS:
        return begin + count * _LENGTHS[unit]
    if unit in ("month", "year"):
        return _months(begin, count * (12 if unit == "year" else 1))
    return None


def _months(begin: datetime, count: int) -> datetime:
    months = begin.year * 12 + begin.month - 1 + count
    first = begin.replace(year=months // 12, month=months % 12 + 1, day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return first.replace(day=min(begin.day, (following - first).days))


def _truncated(node: exp.Expression, now: datetime, text: bool) -> datetime | None:
    begin, unit = _stated(node.this, now, text=text), str(node.args["unit"].this).lower()
    return None if begin is None or unit not in UNITS else _cut(begin, unit)


def _cut(moment: datetime, unit: str) -> datetime:
    moment = moment.astimezone(timezone.utc)
    if unit == "week":
        moment, unit = moment - timedelta(days=moment.weekday()), "day"
    parts: dict[str, int] = {"microsecond": 0, "second": 0}
    for larger, part, least in (("hour", "minute", 0), ("day", "hour", 0), ("month", "day", 1)):
        if UNITS.index(unit) >= UNITS.index(larger):
            parts[part] = least
    if unit == "year":
        parts["month"] = 1
    return moment.replace(**parts)  # type: ignore[arg-type]


_FORMS: dict[type[exp.Expression], Callable[[exp.Expression, datetime, bool], datetime | None]] = {
    exp.Paren: lambda node, now, text: _stated(node.this, now, text=text),
    exp.CurrentTimestamp: lambda node, now, text: now,
    exp.CurrentDate: lambda node, now, text: _cut(now, "day"),
    exp.Cast: _cast,
    exp.Add: _moved,
    exp.Sub: _moved,
    exp.TimestampTrunc: _truncated,
}
