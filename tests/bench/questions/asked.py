"""The questions: words, the bar in milliseconds or 0, the JSON, and the same in DuckDB's SQL.

The bars are those of a million events; ``OF_MANY`` has those of ten million.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from tests.bench.questions.events import DAYS, START

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _day(number: int) -> str:
    return (_EPOCH + timedelta(microseconds=START) + timedelta(days=number)).date().isoformat()


_RANGE = {"from": _day(0), "to": _day(DAYS - 1)}
_WEEK = {"from": _day(40), "to": _day(46)}
_PRO = {"property": "plan", "op": "is", "value": "pro"}
_ANY: dict[str, Any] = {}
_ONE = {"event_name": "event_00"}
_STEPS = [{"event_name": f"event_{number:02d}"} for number in (9, 10, 11)]
_TOP_STEPS = [{"event_name": f"event_{number:02d}"} for number in (0, 1, 2)]

_BY_DAY = "timestamp // 86400000000"
_FUNNEL = """
WITH a AS (SELECT distinct_id, min(timestamp) t FROM events WHERE event_name = '{0}' GROUP BY 1),
b AS (SELECT a.distinct_id, a.t s, min(e.timestamp) t FROM a JOIN events e
  ON e.distinct_id = a.distinct_id AND e.event_name = '{1}' AND e.timestamp > a.t
  AND e.timestamp <= a.t + 1209600000000 GROUP BY 1, 2),
c AS (SELECT b.distinct_id, min(e.timestamp) t FROM b JOIN events e
  ON e.distinct_id = b.distinct_id AND e.event_name = '{2}' AND e.timestamp > b.t
  AND e.timestamp <= b.s + 1209600000000 GROUP BY 1)
SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM c)
"""
_RETENTION = """
WITH f AS (SELECT distinct_id, min(timestamp) // 604800000000 w FROM events{0} GROUP BY 1),
v AS (SELECT DISTINCT distinct_id, timestamp // 604800000000 w FROM events{0})
SELECT f.w, v.w - f.w, count(*) FROM f JOIN v USING (distinct_id) GROUP BY 1, 2
"""
_IS_PRO = "properties->>'plan' = 'pro'"
_NAMED = " WHERE event_name = 'event_00'"


def _trends(*series: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "trends", **_RANGE, "series": list(series), **more}


QUESTIONS: tuple[tuple[str, int, dict[str, Any], str], ...] = (
    (
        "trends by name and day, 90 days",
        20,
        _trends(_ANY, breakdown=[{"field": "event_name"}], groups=25),
        f"SELECT {_BY_DAY}, event_name, count(*) FROM events GROUP BY 1, 2",
    ),
    (
        "one name by day in Kathmandu",
        20,
        _trends(_ONE, tz="Asia/Kathmandu"),
        f"SELECT {_BY_DAY}, count(*) FROM events{_NAMED} GROUP BY 1",
    ),
    (
        "one name (13 %), filter by a property",
        600,
        _trends({**_ONE, "filter": _PRO}),
        f"SELECT {_BY_DAY}, count(*) FROM events{_NAMED} AND {_IS_PRO} GROUP BY 1",
    ),
    (
        "one name (13 %), breakdown by a property",
        600,
        _trends(_ONE, breakdown=[{"property": "plan"}]),
        f"SELECT {_BY_DAY}, properties->>'plan', count(*) FROM events{_NAMED} GROUP BY 1, 2",
    ),
    (
        "every event, filter by a property",
        600,
        _trends(_ANY, filter=_PRO),
        f"SELECT {_BY_DAY}, count(*) FROM events WHERE {_IS_PRO} GROUP BY 1",
    ),
    (
        "every event, breakdown by a property",
        600,
        _trends(_ANY, breakdown=[{"property": "country"}]),
        f"SELECT {_BY_DAY}, properties->>'country', count(*) FROM events GROUP BY 1, 2",
    ),
    (
        "one name, median of a property",
        0,
        _trends({**_ONE, "measure": "median", "property": "price"}),
        f"SELECT {_BY_DAY}, median((properties->>'price')::DOUBLE) FROM events{_NAMED} GROUP BY 1",
    ),
    (
        "unique people by day, one name",
        400,
        _trends({**_ONE, "measure": "people"}),
        f"SELECT {_BY_DAY}, count(DISTINCT distinct_id) FROM events{_NAMED} GROUP BY 1",
    ),
    (
        "unique people by day, every event",
        400,
        _trends({"measure": "people"}),
        f"SELECT {_BY_DAY}, count(DISTINCT distinct_id) FROM events GROUP BY 1",
    ),
    (
        "funnel of 3 steps (9 %), 90 days",
        800,
        {"kind": "funnel", **_RANGE, "steps": _STEPS},
        _FUNNEL.format("event_09", "event_10", "event_11"),
    ),
    (
        "funnel of the 3 most frequent (30 %), 90 days",
        800,
        {"kind": "funnel", **_RANGE, "steps": _TOP_STEPS},
        _FUNNEL.format("event_00", "event_01", "event_02"),
    ),
    (
        "funnel of the 3 most frequent, 7 days",
        800,
        {"kind": "funnel", **_WEEK, "steps": _TOP_STEPS},
        "",
    ),
    (
        "weekly retention, one name (13 %)",
        1_000,
        {"kind": "retention", **_RANGE, "begin": _ONE, "come_back": _ONE},
        _RETENTION.format(_NAMED),
    ),
    (
        "weekly retention, every event",
        1_000,
        {"kind": "retention", **_RANGE},
        _RETENTION.format(""),
    ),
    (
        "daily retention, every event",
        0,
        {"kind": "retention", **_RANGE, "interval": "day"},
        "",
    ),
    (
        "daily retention, back to anything",
        0,
        {"kind": "retention", **_RANGE, "interval": "day", "begin": _ONE},
        "",
    ),
    ("sessions by day, every event", 0, {"kind": "sessions", **_RANGE}, ""),
    ("sessions by day, 7 days", 0, {"kind": "sessions", **_WEEK}, ""),
    ("paths after an event, 4 steps, 90 days", 0, {"kind": "paths", **_RANGE, "after": _ONE}, ""),
    (
        "paths by property before an event, 7 days",
        0,
        {"kind": "paths", **_WEEK, "before": _ONE, "by": {"property": "path"}},
        "",
    ),
    (
        "people of a cohort: did one name (13 %) twice",
        0,
        {"kind": "cohort", "definition": {"did": {**_ONE, "at_least": 2}}},
        "",
    ),
    (
        "people of a cohort: latest value of a property",
        0,
        {"kind": "cohort", "definition": {"latest": _PRO}},
        "",
    ),
    ("explorer page", 50, {"kind": "events"}, ""),
    ("explorer page, filter by a property", 50, {"kind": "events", "filter": _PRO}, ""),
    (
        "explorer page, a value that few events have",
        0,
        {"kind": "events", "filter": {"property": "price", "op": "is", "value": 12.34}},
        "",
    ),
    ("explorer page, a day long past", 50, {"kind": "events", "from": _day(3), "to": _day(3)}, ""),
    (
        "one person's timeline",
        20,
        {
            "kind": "events",
            "filter": {"field": "distinct_id", "op": "is", "value": "person-77"},
        },
        "",
    ),
    (
        "one person's timeline, by time",
        20,
        {
            "kind": "events",
            "order": "timestamp",
            "filter": {"field": "distinct_id", "op": "is", "value": "person-77"},
        },
        "",
    ),
    (
        "by time, a value that few events have",
        0,
        {
            "kind": "events",
            "order": "timestamp",
            "filter": {"property": "price", "op": "is", "value": 12.34},
        },
        "",
    ),
    ("search for a text that is rare", 300, {"kind": "events", "search": "person-99999"}, ""),
    ("search for a text that is nowhere", 300, {"kind": "events", "search": "zebra"}, ""),
    ("search for digits that are rare", 300, {"kind": "events", "search": "99999"}, ""),
    ("search for a text that is common", 50, {"kind": "events", "search": "web", "limit": 49}, ""),
)

OF_MANY = {
    "trends by name and day": 20,
    "one name by day in Kathmandu": 20,
    "unique people by day": 400,
    "funnel of": 1_500,
    "daily retention": 5_000,
}
"""The bars of ten million events, by how the words begin; other questions have none there."""


def bar_of(words: str, bar: int, events: int) -> int:
    """The bar of a question over so many events, in milliseconds; 0: none."""
    if events < 10_000_000:
        return bar
    return next((most for begin, most in OF_MANY.items() if words.startswith(begin)), 0)
