"""Events of people in the order of their time, however few are read at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from unittest.mock import patch

import pytest

from djangalytics_server.model.event import Event, Submission
from djangalytics_server.model.insight import Kind, Moment, Stream, Walk
from djangalytics_server.model.query_filter import Condition, Field
from djangalytics_server.store.base import Store
from djangalytics_server.store.insights import crowds
from tests.contract.making import NOW, SECOND, event

HOUR = 3_600 * SECOND
NAMES = ("signup", "buy", "leave", "look")
WEB = Condition(Field("source"), "is", ("web",))
SPAN = NOW - 30 * HOUR, NOW + 20 * HOUR
KINDS = Kind("buy"), Kind("signup"), Kind("buy")
FILTERED = Kind("look", WEB), Kind("signup")


def made() -> list[Event]:
    """Out of order, some at the same moment, some of nobody, some of another project."""
    return [
        event(
            f"event-{number}",
            NAMES[number % 4],
            NOW + (number * 17 % 90 - 45) // 2 * HOUR,
            distinct_id=None if number % 8 == 5 else f"person {number % 7}",
            source=("web", "ios", None)[number % 3],
            session_id=None if number % 5 == 1 else f"session {number % 11}",
            project_id=1 + (number % 10 == 9),
        )
        for number in range(90)
    ]


def is_of(kind: Kind, one: Event) -> bool:
    """Whether an event is of a kind."""
    named = kind.event_name in (None, one.event_name)
    return named and (kind.filter is None or one.source == "web")


def expected(walk: Walk, events: list[Event]) -> Iterator[Moment]:
    """The same, worked out of the events; their ids count them."""
    order = sorted(enumerate(events, 1), key=lambda pair: (pair[1].timestamp, pair[0]))
    for number, one in order:
        bits = sum(is_of(kind, one) << place for place, kind in enumerate(walk.kinds))
        inside = walk.span[0] <= one.timestamp < walk.span[1]
        inside = inside and one.project_id == walk.project_id
        passes = walk.filter is None or one.source == "web"
        if not (inside and passes and one.distinct_id is not None and (bits or walk.all)):
            continue
        first = any(is_of(kind, one) for kind in walk.kinds[: walk.broken])
        raws = (one.source if first else None for _ in walk.breakdown)
        yield (one.timestamp, number, one.distinct_id, bits, *raws)


@pytest.mark.parametrize(
    "walk",
    [
        Walk(1, SPAN, KINDS),
        Walk(1, SPAN, (Kind(None), Kind("buy"))),
        Walk(1, SPAN, (Kind("nobody did it"), Kind("buy"))),
        Walk(1, SPAN, FILTERED),
        Walk(1, SPAN, KINDS, WEB),
        Walk(1, SPAN, FILTERED, all=True),
        Walk(1, SPAN, KINDS, breakdown=(Field("source"),), broken=2),
        Walk(3, SPAN, KINDS),
    ],
    ids=["names", "any name", "none", "filters", "one filter", "all", "breakdown", "empty"],
)
@pytest.mark.parametrize("at_once", [1, 7, 200_000])
def test_a_walk_has_each_event_once_in_order(store: Store, walk: Walk, at_once: int) -> None:
    """By time and arrival, with its kinds, on every engine."""
    events = made()
    store.append([Submission(one.project_id, NOW, (one,)) for one in events])
    with patch.object(crowds, "MOST_AT_ONCE", at_once), store.snapshot() as snapshot:
        assert list(expected(walk, events)) == list(snapshot.walk(walk))


def streamed(stream: Stream, events: list[Event]) -> Iterator[Moment]:
    """The same for a stream."""
    order = sorted(enumerate(events, 1), key=lambda pair: (pair[1].timestamp, pair[0]))
    for _, one in order:
        inside = stream.span[0] <= one.timestamp < stream.span[1]
        passes = stream.filter is None or one.source == "web"
        if inside and passes and one.project_id == stream.project_id:
            bits = sum(is_of(kind, one) << place for place, kind in enumerate(stream.kinds))
            raws = (one.source for _ in stream.subjects)
            yield (one.timestamp, one.distinct_id, one.session_id, bits, *raws)


def by_first_event(moments: Iterable[Moment]) -> list[Moment]:
    """The same, with people counted as they come, for a store may call them what it likes."""
    known: dict[object, int] = {}
    return [
        (time, None if who is None else known.setdefault(who, len(known)), *others)
        for time, who, *others in moments
    ]


@pytest.mark.parametrize(
    "stream",
    [
        Stream(1, SPAN),
        Stream(1, SPAN, WEB),
        Stream(1, SPAN, kinds=(Kind("buy"),)),
        Stream(1, SPAN, kinds=(Kind("look", WEB), Kind(None), Kind("look")), filter=WEB),
        Stream(1, SPAN, subjects=(Field("source"), Field("source"))),
        Stream(3, SPAN),
    ],
    ids=["all", "filter", "a kind", "kinds", "values", "empty"],
)
def test_a_stream_has_each_event_once_in_order(store: Store, stream: Stream) -> None:
    """By time and arrival, also what is nobody's, with what is read of it, on every engine."""
    events = made()
    store.append([Submission(one.project_id, NOW, (one,)) for one in events])
    with store.snapshot() as snapshot:
        found = by_first_event(snapshot.stream(stream))
    assert by_first_event(streamed(stream, events)) == found
