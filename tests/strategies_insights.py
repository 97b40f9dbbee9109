"""What Hypothesis makes up for insights: ranges around odd instants, and questions about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from djangalytics_server.model.activity import Lifecycle, Spread, Stickiness
from djangalytics_server.model.distribution import Distribution
from djangalytics_server.model.event import Event
from djangalytics_server.model.funnel import Exclusion, Funnel, Step, Wanted
from djangalytics_server.model.insight import Kind
from djangalytics_server.model.paths import Paths
from djangalytics_server.model.query_filter import Condition, Field, Property
from djangalytics_server.model.retention import Column, Retention
from djangalytics_server.model.sessions import Sessions
from djangalytics_server.model.trends import Formula, Series, Trends
from djangalytics_server.query import formula, intervals
from tests import recipes as st
from tests import strategies, strategies_filters
from tests.strategies import SECOND
from tests.strategies_filters import NAMES, PEOPLE, PROPERTIES

HOUR = 3_600 * SECOND
DAY = 24 * HOUR
AWAY = (-5_400, -1_801, -900, -60, -1, 0, 1, 59, 899, 1_800, 3_599, 3_600, 7_200)

edges = st.sampled_from(strategies.EDGES).map(lambda edge: edge * SECOND)
WIDTHS = {"minute": HOUR, "hour": 5 * HOUR, "day": 5 * DAY, "week": 20 * DAY, "month": 70 * DAY}
"""About half a range."""


def times(edge: int) -> st.Recipe[int]:
    """Moments near an odd instant, and some days away."""
    away = st.builds(
        lambda days, seconds, tick: edge + days * DAY + seconds * SECOND + tick,
        st.sampled_from((0, 0, 0, 0, 1, -1, -2, 3, -7, 8, -30, 33)),
        st.sampled_from(AWAY),
        st.sampled_from((0, 0, 1, -1, 500_000)),
    )
    return away.map(lambda moment: max(0, moment))


subjects = st.one_of(
    st.sampled_from(("event_name", "distinct_id", "session_id", "source")).map(Field),
    st.sampled_from((*PROPERTIES, "absent")).map(Property),
)
breakdowns = st.one_of(st.just(()), st.lists(subjects, min_size=1, max_size=2).map(tuple))
likely = st.sampled_from(
    (
        Condition(Property("plan"), "is_set", ()),
        Condition(Property("plan"), "is", ("pro",)),
        Condition(Property("price"), "gt", (1,)),
        Condition(Field("source"), "is", ("web",)),
        Condition(Field("distinct_id"), "is_not", ("ada",)),
        Condition(Field("event_name"), "one_of", NAMES[:2]),
    )
)
"""What many events pass, and many do not."""
a_filter = st.one_of(*[st.none()] * 9, likely, likely, strategies_filters.conditions)
_plain = st.builds(
    Series,
    st.one_of(st.none(), st.sampled_from((*NAMES, "nothing"))),
    st.sampled_from(("count", "people", "per_person")),
    filter=a_filter,
)
_numeric = st.builds(
    Series,
    st.one_of(st.none(), st.sampled_from(NAMES)),
    st.sampled_from(("sum", "avg", "min", "max", "median", "p90", "p95", "p99")),
    property=st.sampled_from(("price", "price", "plan", "absent")),
    filter=a_filter,
)
series = st.lists(st.one_of(_plain, _numeric), min_size=1, max_size=3).map(tuple)
FORMULAS = ("A / 2", "-A * 3 - (A + 1)", "100 * B / A", "A - B / (A - B)", "A / (B + C) * 1.5")


_DAYS = (-30, -8, -7, -6, -5, -4, -3, -2, -2, -1, -1, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 30)


CARRIED = (
    "{}",
    '{"plan":"pro"}',
    '{"plan":3,"price":2}',
    '{"plan":"pro","price":-0.5}',
    '{"plan":"free","price":7,"day":"2026-02-01"}',
    '{"price":12.25}',
)


def busy(edge: int) -> st.Recipe[Event]:
    """Events of few kinds by the same few people, day after day: who comes, goes and comes back."""
    return st.builds(
        Event,
        project_id=st.just(1),
        insert_id=st.just(""),
        event_name=st.sampled_from((*NAMES[:1] * 2, *NAMES[1:3])),
        timestamp=st.builds(
            lambda days, seconds: max(0, edge + days * DAY + seconds * SECOND),
            st.sampled_from(_DAYS),
            st.sampled_from(AWAY),
        ),
        received_at=st.just(1_790_000_000 * SECOND),
        properties=st.sampled_from(CARRIED),
        distinct_id=st.sampled_from((*PEOPLE[:3] * 2, *PEOPLE[3:], None)),
        session_id=st.sampled_from((None, None, "s1", "s2")),
        source=st.just("web"),
        original_timestamp=st.none(),
        shape=st.none(),
    )


@st.composite
def worlds(draw: Any, questions: Callable[[int], st.Recipe[Any]], count: int) -> Any:
    """Events around an odd instant, in most worlds those of busy people too, and so many questions
    about that time.
    """
    edge = draw(edges)
    made = draw(st.lists(strategies_filters.events(times(edge)), max_size=12))
    made += [draw(busy(edge)) for _ in range(draw(st.sampled_from((0, 16, 32, 32, 32))))]
    return made, [draw(questions(edge)) for _ in range(count)]


@st.composite
def spans(draw: Any, edge: int, interval: str) -> tuple[int, int]:
    """A range that has the odd instant in it, or ends there; mostly one of several intervals."""
    width = WIDTHS[interval]
    parts = st.sampled_from([width * part // 8 for part in (1, 3, 4, 5, 6, 7, 8)])
    start = edge - draw(st.one_of(st.just(0), parts, parts, st.integers(0, width)))
    end = edge + draw(st.one_of(st.just(0), parts, parts, st.integers(1, width)))
    return start, max(end, start + 1)


@st.composite
def trends(draw: Any, edge: int) -> Trends:
    """A question about the time around an odd instant."""
    interval = draw(strategies.intervals)
    zone, sunday = draw(strategies.zones_near(edge // SECOND)), draw(st.booleans())
    span = draw(spans(edge, interval))
    asked = draw(series)
    fitting = [text for text in FORMULAS if not set("ABC"[len(asked) :]) & set(text)]
    texts = draw(st.lists(st.sampled_from(fitting), max_size=1))
    mode = draw(st.sampled_from(("plain", "plain", "rolling", "cumulative")))
    previous = None
    if draw(st.booleans()):
        count = len(intervals.cut(interval, zone, sunday, span))
        previous = intervals.moved_back(interval, zone, span, count)
    return Trends(
        1,
        zone,
        interval,
        span,
        asked,
        draw(st.sampled_from((edge, span[1], edge + DAY))),
        sunday=sunday,
        filter=draw(a_filter),
        breakdown=draw(breakdowns),
        groups=draw(st.integers(1, 4)),
        formulas=tuple(Formula(text, formula.read(text, len(asked))) for text in texts),
        previous=previous,
        rolling=draw(st.integers(2, 4)) if mode == "rolling" else 1,
        cumulative=mode == "cumulative",
        totals=draw(st.booleans()),
    )


kinds = st.tuples(st.sampled_from((None, *NAMES[:3] * 2, NAMES[3])), a_filter)
windows = st.sampled_from((1, 60 * SECOND, HOUR, DAY, 3 * DAY, 8 * DAY, 40 * DAY, 80 * DAY))


@st.composite
def funnels(draw: Any, edge: int) -> Funnel:
    """A funnel whose attempts begin around an odd instant."""
    steps = [Step(*draw(kinds)) for _ in range(draw(st.sampled_from((2, 2, 3, 3, 4))))]
    plain = draw(st.sampled_from((True, False, False)))  # as it is asked of very many events
    order = draw(st.sampled_from(("ordered", "ordered", "strict", "unordered")))
    order = "ordered" if plain else order
    exclusions = []
    if order != "strict" and draw(st.booleans()):
        before = draw(st.integers(2, len(steps))) if order == "ordered" else len(steps)
        after = draw(st.integers(1, before - 1)) if order == "ordered" else 1
        exclusions.append(Exclusion(*draw(kinds), after, before))
    wanted = st.builds(
        Wanted,
        st.integers(2, len(steps)),
        st.sampled_from(("reached", "dropped")),
        st.integers(1, 3),
        st.sampled_from(("", "Ada", "bob")),
    )
    return Funnel(
        1,
        "UTC",
        draw(spans(edge, draw(st.sampled_from(("hour", "day", "day", "week", "month"))))),
        tuple(steps),
        order,
        draw(windows),
        tuple(exclusions),
        draw(a_filter),
        () if plain else draw(breakdowns),
        draw(st.integers(1, 4)),
        None if plain else draw(st.one_of(st.none(), wanted)),
    )


_bounded = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(
    lambda ends: Column(min(ends), max(ends))
)
_columns = st.one_of(
    st.integers(0, 3).map(lambda most: tuple(Column(at, at) for at in range(most + 1))),
    st.integers(0, 3).map(lambda most: tuple(Column(at, None) for at in range(most + 1))),
    st.lists(_bounded, min_size=1, max_size=3).map(tuple),
)


@st.composite
def retentions(draw: Any, edge: int) -> Retention:
    """Cohorts around an odd instant; every other time by what they come back for."""
    interval = draw(st.sampled_from(("day", "week", "month")))
    span = draw(spans(edge, interval))
    begin = Kind(*draw(kinds))
    return Retention(
        1,
        draw(strategies.zones_near(edge // SECOND)),
        interval,
        span,
        begin,
        begin if draw(st.booleans()) else Kind(*draw(kinds)),
        draw(_columns),
        draw(st.sampled_from((edge, span[1], edge + 20 * DAY))),
        first_time=draw(st.booleans()),
        sunday=draw(st.booleans()),
        filter=draw(a_filter),
        breakdown=draw(
            st.one_of(
                st.just(()), st.just(()), st.lists(subjects, min_size=1, max_size=2).map(tuple)
            )
        ),
        groups=draw(st.integers(1, 4)),
    )


@st.composite
def activities(draw: Any, edge: int) -> Stickiness | Lifecycle:
    """Activity around an odd instant."""
    interval = draw(st.sampled_from(("day", "week", "month")))
    spread = Spread(
        1,
        draw(strategies.zones_near(edge // SECOND)),
        interval,
        draw(spans(edge, interval)),
        Kind(*draw(kinds)),
        edge,
        sunday=draw(st.booleans()),
        filter=draw(a_filter),
    )
    return draw(st.sampled_from((Stickiness, Lifecycle)))(spread)


@st.composite
def distributions(draw: Any, edge: int) -> Distribution:
    """The values of a property around an odd instant."""
    return Distribution(
        1,
        "UTC",
        draw(spans(edge, draw(strategies.intervals))),
        Kind(*draw(kinds)),
        draw(st.one_of(subjects, st.just(Property("price")))),
        filter=draw(a_filter),
        groups=draw(st.integers(1, 4)),
        bins=draw(st.integers(1, 7)),
    )


silences = st.sampled_from((1, SECOND, 900 * SECOND, 1_800 * SECOND, HOUR, DAY))


@st.composite
def sessions(draw: Any, edge: int) -> Sessions:
    """Sessions around an odd instant."""
    interval = draw(strategies.intervals)
    return Sessions(
        1,
        draw(strategies.zones_near(edge // SECOND)),
        interval,
        draw(spans(edge, interval)),
        edge,
        silence=draw(silences),
        sunday=draw(st.booleans()),
        filter=draw(a_filter),
        breakdown=draw(breakdowns),
        groups=draw(st.integers(1, 4)),
    )


_patterns = st.lists(
    st.sampled_from(("*", "s*", "*i*", "p*o", "a?b", "view", ".*", "*%")), max_size=3
)


@st.composite
def paths(draw: Any, edge: int) -> Paths:
    """Paths around an odd instant."""
    return Paths(
        1,
        "UTC",
        draw(spans(edge, draw(st.sampled_from(("day", "week", "month"))))),
        draw(st.one_of(st.just(Field("event_name")), subjects)),
        way=draw(st.sampled_from(("after", "before"))),
        anchor=draw(st.one_of(st.none(), st.builds(Kind, st.sampled_from(NAMES), a_filter))),
        filter=draw(a_filter),
        depth=draw(st.integers(1, 4)),
        most=draw(st.integers(1, 4)),
        patterns=tuple(dict.fromkeys(draw(_patterns))),
        within=draw(st.sampled_from(("session", "person"))),
        silence=draw(silences),
        repeats=draw(st.booleans()),
    )
