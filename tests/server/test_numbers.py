"""Sets of numbers that are the bits of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from djangalytics_server.model.numbers import Numbers
from djangalytics_server.model.retention import Column
from djangalytics_server.query.returns import Returns

SETS = st.frozensets(st.integers(0, 200), max_size=12)


def bits(of: frozenset[int]) -> Numbers:
    """The same numbers."""
    return Numbers(sum(1 << number for number in of))


@given(SETS, SETS)
def test_what_they_make_with_each_other_is_what_sets_make(
    one: frozenset[int], other: frozenset[int]
) -> None:
    """Whatever kind the other is of."""
    mine, theirs = bits(one), bits(other)
    assert sorted(one) == list(mine)
    assert (len(one), bool(one)) == (len(mine), bool(mine))
    assert all((number in one) == (number in mine) for number in range(-1, 202))
    for second in (theirs, other, set(other)):
        assert sorted(one & other) == list(mine & second)
        assert sorted(one | other) == list(mine | second)
        assert sorted(one - other) == list(mine - second)
    assert sorted(one & other) == list(set(other) & mine)
    assert sorted(one | other) == list(set(other) | mine)


@given(st.lists(SETS, max_size=5), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_returns_in_a_column_are_those_in_any_of_its_intervals(
    intervals: list[frozenset[int]], cohort: int, first: int, more: int
) -> None:
    """To the end of time, where the column has no last one."""
    returns = Returns([bits(some) for some in intervals])
    column = intervals[cohort + first : cohort + first + more + 1]
    found = returns.of(cohort, Column(first, first + more))
    assert sorted(frozenset().union(*column)) == list(found)
    rest = intervals[cohort + first :]
    assert sorted(frozenset().union(*rest)) == list(returns.of(cohort, Column(first, None)))
