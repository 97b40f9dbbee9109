"""What Hypothesis makes up: events as they arrive from a careless world, and awkward zones."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

from djangalytics_server.model import rfc3339
from djangalytics_server.model.event import Event, Refused, Rejection, Submission
from djangalytics_server.model.reasons import REJECTIONS
from tests import recipes as st

SECOND = 1_000_000
HOUR = 3_600

AWKWARD_ZONES = (
    "UTC",
    "Pacific/Pago_Pago",  # −11
    "Pacific/Kiritimati",  # +14, and a day left out
    "Asia/Kolkata",  # half an hour
    "Asia/Kathmandu",  # three quarters, and half an hour before 1986
    "Pacific/Chatham",  # three quarters, with summer time
    "Australia/Lord_Howe",  # summer time of half an hour
    "Africa/Monrovia",  # 44 minutes and 30 seconds until 1972
    "America/Sao_Paulo",  # clocks that jump over midnight
    "America/St_Johns",  # clocks that went back a minute after midnight
    "Pacific/Apia",  # 30 December 2011 never was
    "Africa/Casablanca",  # summer time that pauses for Ramadan
    "Asia/Pyongyang",  # half an hour lost and found
    "America/Caracas",
    "Europe/Dublin",  # negative summer time
    "Europe/Berlin",
    "America/New_York",
    "Antarctica/Troll",  # two hours at once
    "Antarctica/Casey",  # three hours back
)

zones = st.sampled_from(AWKWARD_ZONES)
intervals = st.sampled_from(("minute", "hour", "day", "week", "month"))


def changes(zone: str, first: int, last: int) -> list[int]:
    """The seconds in [first, last) at which the zone's distance from UTC changes."""
    tz = ZoneInfo(zone)

    def offset(second: int) -> Any:
        return datetime.fromtimestamp(second, tz).utcoffset()

    found = []
    for low in range(first, last, HOUR):
        if offset(low) != offset(low + HOUR):
            found.append(
                next(s for s in range(low + 1, low + HOUR + 1) if offset(s) != offset(low))
            )
    return found


def _second(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=timezone.utc).timestamp())


EDGES = (
    0,
    _second(1970, 1, 1) + 2_670,
    *changes("Africa/Monrovia", _second(1972, 1, 6), _second(1972, 1, 9)),
    *changes("America/St_Johns", _second(2006, 10, 28), _second(2006, 10, 31)),
    *changes("Pacific/Apia", _second(2011, 12, 29), _second(2012, 1, 1)),
    *changes("America/Sao_Paulo", _second(2018, 11, 3), _second(2018, 11, 5)),
    *changes("Asia/Pyongyang", _second(2018, 5, 3), _second(2018, 5, 6)),
    *changes("Australia/Lord_Howe", _second(2026, 4, 3), _second(2026, 4, 6)),
    *changes("Europe/Berlin", _second(2026, 3, 28), _second(2026, 3, 30)),
    *changes("Europe/Berlin", _second(2026, 10, 24), _second(2026, 10, 26)),
    *changes("Pacific/Chatham", _second(2026, 9, 25), _second(2026, 9, 28)),
    _second(2026, 11, 1),
)
"""Seconds at which something odd happens somewhere."""


@functools.cache
def zones_near(edge: int) -> st.Recipe[str]:
    """Any zone, and half of the time one whose clocks change within a day of that second."""
    first, last = max(0, edge - 86_400), edge + 86_400
    odd = [zone for zone in AWKWARD_ZONES if changes(zone, first, last)]
    return st.one_of(zones, st.sampled_from(odd or AWKWARD_ZONES))


moments = st.one_of(
    st.builds(
        lambda edge, seconds, part: max(0, (edge + seconds) * SECOND + part),
        st.sampled_from(EDGES),
        st.one_of(
            st.sampled_from((-86_400, -3_600, -900, -1, 0, 1, 900, 3_600, 86_400)),
            st.integers(-100_000, 100_000),
        ),
        st.sampled_from((0, 0, 1, 999_999, -1)),
    ),
    st.integers(0, 1_900_000_000 * SECOND),
)
"""Microseconds since 1970, most of them near an edge; many are equal."""

past = moments.filter(lambda moment: moment < 1_794_000_000 * SECOND)
"""Those that no server takes for a clock that is ahead."""
times = past.map(rfc3339.render)
"""The same as the server writes them."""

_letters = st.characters(exclude_categories=("Cs", "Cc"))
names = st.one_of(
    st.sampled_from(("signup", "Signup", "purchase", "100%", "a_b", "a\\b", "ünïcode", "🛒")),
    st.text(_letters, min_size=1, max_size=100).map(str.strip).filter(bool),
)
people = st.one_of(
    st.none(), st.sampled_from(("ada", "bob", "ADA")), st.text(_letters, min_size=1, max_size=200)
)

_numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats())
_texts = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20),
    st.sampled_from(("<script>alert(1)</script>", 'say "hi"', "C:\\dir", "50%", "=1+1")),
)
_leaves = st.one_of(st.none(), st.booleans(), _numbers, _texts)
_keys = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


def _nested(inner: st.Recipe[Any]) -> st.Recipe[Any]:
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=3))


# Written out level by level: st.recursive takes twice as long, and these are made by the thousand.
_shallow = st.one_of(_leaves, _nested(_leaves))
_values = st.one_of(_shallow, _nested(_shallow))
properties = st.dictionaries(_keys, _values, max_size=4)
"""Objects that every limit allows."""


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def events(project_id: int = 1, ids: int = 40) -> st.Recipe[Event]:
    """Events that passed the pipeline; insert ids come from so few that repeats are common."""
    return st.builds(
        Event,
        project_id=st.just(project_id),
        insert_id=st.integers(0, ids).map("id-{}".format),
        event_name=names,
        timestamp=moments,
        received_at=st.integers(1_790_000_000 * SECOND, 1_790_000_100 * SECOND),
        properties=properties.map(_compact),
        distinct_id=people,
        session_id=st.one_of(st.none(), st.sampled_from(("s1", "s2"))),
        source=st.one_of(st.none(), st.sampled_from(("web", "ios", "%"))),
        original_timestamp=st.one_of(st.none(), moments),
        shape=st.none(),  # the store looks for itself; or Hypothesis makes up a wrong one
    )


def refusals(project_id: int = 1) -> st.Recipe[Refused]:
    """Refused events, as the door hands them to the store."""
    return st.builds(
        Refused,
        project_id=st.just(project_id),
        index=st.integers(0, 10),
        rejection=st.sampled_from(sorted(REJECTIONS)).map(
            lambda code: Rejection(code, REJECTIONS[code], "event_name")
        ),
        raw=st.just('{"event_name": 5}'),
        received_at=st.just(1_790_000_000 * SECOND),
    )


def submissions(projects: Sequence[int] = (1, 2)) -> st.Recipe[Submission]:
    """One request of one project."""
    return st.one_of(
        [
            st.builds(
                Submission,
                project_id=st.just(project),
                received_at=st.integers(1_790_000_000 * SECOND, 1_790_200_000 * SECOND),
                events=st.lists(events(project), max_size=12).map(tuple),
                refused=st.lists(refusals(project), max_size=3).map(tuple),
            )
            for project in projects
        ]
    )


appends = st.lists(st.lists(submissions(), min_size=1, max_size=4), min_size=1, max_size=5)
"""Several transactions of several requests each."""
APPENDS = 4_000
"""Bytes of which they are made."""
