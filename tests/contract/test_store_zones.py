"""Around every odd instant, in every awkward zone: counts by interval, against zoneinfo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from djangalytics_server.model import rfc3339
from djangalytics_server.model.event import Submission
from djangalytics_server.model.query import Interval, Stats
from djangalytics_server.query import labels, run
from djangalytics_server.store.base import Store
from tests import oracle as naive
from tests import strategies
from tests.contract.engines import ENGINES, present
from tests.contract.making import NOW, SECOND, event, send
from tests.oracle import Oracle

INTERVALS: tuple[Interval, ...] = ("minute", "hour", "day", "week", "month")
AWAY = (-90_000, -5_400, -1_801, -900, -1, 0, 1, 899, 1_800, 3_599, 3_600, 7_200, 86_400)


@pytest.fixture(scope="module", params=present())
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Oracle]]:
    """A store with events before, at and after each odd instant; nothing changes it."""
    engine = ENGINES[request.param](request, tmp_path_factory.mktemp("zones"))
    times = sorted({max(0, edge + away) for edge in strategies.EDGES for away in AWAY})
    events = [event(str(n), f"e{n % 3}", at=at * SECOND) for n, at in enumerate(times)]
    with engine.fresh() as store:
        receipt = send(store, *events)
        oracle = Oracle()
        oracle.append([Submission(1, NOW, tuple(events))], [receipt])
        yield store, oracle


@pytest.mark.parametrize("zone", strategies.AWKWARD_ZONES)
@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_are_those_of_a_naive_count(
    world: tuple[Store, Oracle], zone: str, interval: Interval
) -> None:
    """Every label and count near every edge is zoneinfo's; the labels are in order of time."""
    store, oracle = world
    for edge in strategies.EDGES:
        start, end = max(0, edge - 100_000) * SECOND, (edge + 100_001) * SECOND
        answer = run.stats(Stats(1, zone, interval, start, end), store, end)
        expected = naive.daily(oracle.of(1), zone, interval, start, end)
        assert expected == {(name, event): n for name, event, n in answer.daily}
        times = sorted(e.timestamp for e in oracle.of(1) if start <= e.timestamp < end)
        in_order = list(dict.fromkeys(naive.label(at, zone, interval) for at in times))
        assert in_order == list(dict.fromkeys(name for name, _, _ in answer.daily))
        assert not answer.starts or set(in_order) <= set(answer.starts)


@pytest.mark.parametrize("zone", strategies.AWKWARD_ZONES)
@pytest.mark.parametrize("interval", INTERVALS)
def test_starts_are_the_intervals_that_any_second_can_have(zone: str, interval: Interval) -> None:
    """Between two instants the list has what a walk in small steps meets, in that order."""
    around, step = {"minute": (4_000, 60), "hour": (30_000, 60)}.get(interval, (200_000, 900))
    for edge in strategies.EDGES[2:]:
        start, end = edge - around, edge + around
        seconds = (*range(start, end, step), end - 1)
        walked = (naive.label(s * SECOND, zone, interval) for s in seconds)
        expected = list(dict.fromkeys(walked))
        assert expected == list(labels.labels(interval, zone, start * SECOND, end * SECOND))


def test_an_open_range_by_the_hour_starts_at_the_first_event_where_clocks_go_back(
    engine: Any,
) -> None:
    """The hour before the change comes before the hour after it, though its text sorts later."""
    change = strategies.changes("Europe/Berlin", 1_792_800_000, 1_792_900_000)[0]
    with engine.fresh() as store:
        send(store, event("before", at=(change - 60) * SECOND))
        send(store, event("after", at=(change + 60) * SECOND))
        answer = run.stats(Stats(1, "Europe/Berlin", "hour"), store, (change + 120) * SECOND)
    expected = ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
    assert expected == [name for name, _, _ in answer.daily]
    assert tuple(expected) == answer.starts


def test_events_ahead_of_the_clock_are_among_the_starts(engine: Any) -> None:
    """A sender whose clock is hours ahead gets its hours listed after the last one of ours."""
    with engine.fresh() as store:
        send(store, event("now", at=0), event("ahead", at=3 * 3_600 * SECOND))
        answer = run.stats(Stats(1, "UTC", "hour"), store, 3_600 * SECOND)
    hours = ["1970-01-01T00:00:00+00:00", "1970-01-01T01:00:00+00:00", "1970-01-01T03:00:00+00:00"]
    assert hours == list(answer.starts)


def test_a_day_that_never_was_is_not_listed() -> None:
    """Samoa went from 29 to 31 December 2011."""
    start, end = (naive.first_instant(date(*day), "Pacific/Apia") for day in _SAMOA)
    listed = labels.labels("day", "Pacific/Apia", start * SECOND, end * SECOND)
    assert ["2011-12-29", "2011-12-31"] == list(listed)


_SAMOA = ((2011, 12, 29), (2012, 1, 1))


def test_monrovia_s_seconds_are_written_as_the_nearest_minute() -> None:
    """RFC 3339 has no seconds in an offset, so the label keeps the instant and rounds the zone."""
    name = labels.label("hour", 10, -2_670)
    assert "-00:44" == name[-6:]
    assert (10 * 3_600 + 2_670) * SECOND == rfc3339.parse(name)
    local = datetime.fromtimestamp(10 * 3_600 + 2_670, ZoneInfo("Africa/Monrovia"))
    assert (10, 0, 0) == (local.hour, local.minute, local.second)
