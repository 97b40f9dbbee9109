"""The events of one name in a block: section by section of people."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from djangalytics_server.store.blocks import named
from djangalytics_server.store.blocks.named import Own

_Event = tuple[int, int]

events = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=8).map(sorted)
"""Of each event its time and its person's number, in the order of a block."""


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named, "SECTION", 3)


def _own(some: list[_Event]) -> Own:
    return named.own([time for time, _ in some], [who for _, who in some], range(len(some)))


def _listed(own: Own) -> list[tuple[int, int, int]]:
    return list(zip(own.times, own.numbers, own.places, strict=True))


@given(events, st.integers(1, 3))
@example([(0, 4), (1, 3), (2, 0), (3, 5), (4, 2)], 1)
def test_events_stand_section_by_section_and_in_order_within_each(
    some: list[_Event], together: int
) -> None:
    """Everybody's events are in one section, and every event is there once; so they are where some
    sections are looked at together.
    """
    own = _own(some)
    parts = list(named.sections(own.numbers, together))
    people = 3 * together
    assert sorted({who // people for _, who in some}) == [section for section, _ in parts]
    assert len(some) == sum(part.stop - part.start for _, part in parts)
    assert all(before.stop == after.start for (_, before), (_, after) in pairwise(parts))
    for section, part in parts:
        wanted = [
            (time, who, at) for at, (time, who) in enumerate(some) if who // people == section
        ]
        wanted.sort(key=lambda one: one[1] // 3)
        assert wanted == _listed(own)[part]
    assert named.sections_below(max((who for _, who in some), default=0) + 1) == 1 + max(
        (who // 3 for _, who in some), default=0
    )


@given(events, st.integers(-1, 7), st.integers(-1, 8))
@example([(0, 4), (1, 3), (2, 0), (3, 5), (4, 2)], 1, 4)
def test_a_range_of_time_has_the_events_of_every_section(
    some: list[_Event], start: int, end: int
) -> None:
    """The same as a look at each event."""
    own = _own(some)
    wanted = [event for event in _listed(own) if start <= event[0] < end]
    assert wanted == _listed(own.within(start, max(start, end)))
