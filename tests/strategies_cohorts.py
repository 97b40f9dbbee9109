"""What Hypothesis makes up for cohorts: any behaviour, property and group of them."""

from __future__ import annotations

from djangalytics_server.model.cohort import (
    Any,
    CohortPeople,
    Did,
    Each,
    Else,
    FirstDid,
    Latest,
    Who,
)
from djangalytics_server.model.insight import Kind
from djangalytics_server.model.query_filter import Field, Filter, Members, Not
from tests import recipes as st
from tests import strategies_filters
from tests.strategies_filters import NAMES, PEOPLE
from tests.strategies_insights import DAY, HOUR, a_filter

kinds = st.builds(Kind, st.one_of(st.none(), st.sampled_from(NAMES)), a_filter)
latest = strategies_filters.conditions.filter(
    lambda one: one.subject != Field("timestamp") and one.op != "is_not_set"
).map(Latest)


def windows(edge: int) -> st.Recipe[tuple[int | None, int | None]]:
    """Around an odd instant, open or not."""
    away = st.sampled_from((-30 * DAY, -DAY, -HOUR, -1, 0))
    ahead = st.sampled_from((1, HOUR, DAY, 30 * DAY))
    start = st.one_of(st.none(), away.map(lambda by: edge + by))
    return st.tuples(start, st.one_of(st.none(), ahead.map(lambda by: edge + by)))


def whos(edge: int) -> st.Recipe[Who]:
    """Any definition."""
    parts: st.Recipe[Who] = st.one_of(
        st.builds(Did, kinds, windows(edge), st.sampled_from((1, 1, 2, 3))),
        st.builds(FirstDid, kinds, windows(edge)),
        latest,
    )

    def groups(inner: st.Recipe[Who]) -> st.Recipe[Who]:
        several = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return st.one_of(st.builds(Each, several), st.builds(Any, several), st.builds(Else, inner))

    return st.recursive(parts, groups, levels=2)


def members(edge: int) -> st.Recipe[Members]:
    """The people of a definition."""
    return st.builds(Members, st.just(1), whos(edge))


def questions(edge: int) -> st.Recipe[CohortPeople]:
    """How many, and some of them."""
    after = st.sampled_from(("", *PEOPLE))
    return st.builds(CohortPeople, members(edge), st.integers(0, 3), after)


def filters(edge: int) -> st.Recipe[Filter]:
    """Is or is not, alone or beside another condition."""
    one: st.Recipe[Filter] = members(edge)
    return st.one_of(one, one.map(Not))
