"""GET /api/stats/: counts by interval and name, the newest events, and what became of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from djangalytics_server.model import rfc3339
from tests import oracle, strategies
from tests import recipes as st
from tests.server.house import House, problem

FIELDS = {"daily_stats", "event_counts", "recent_events", "total_events", "range", "verdicts"}


def fill(house: House, *events: tuple[str, str]) -> None:
    """Send events of a name and a time."""
    answer = house.batch(*({"event_name": n, "timestamp": t} for n, t in events))
    assert 200 == answer.status_code, answer.text


def test_an_empty_server_answers_zeros(house: House) -> None:
    """Every field is there from the first day, so that the dashboard need not guess."""
    answer = house.stats()
    assert FIELDS == set(answer)
    assert ([], [], [], 0) == (
        answer["daily_stats"],
        answer["event_counts"],
        answer["recent_events"],
        answer["total_events"],
    )
    assert {"from": None, "to": None, "tz": "UTC", "interval": "day", "starts": []} == (
        answer["range"]
    )
    assert {"accepted": 0, "duplicates": 0, "rejected": 0, "reasons": []} == answer["verdicts"]


def test_the_seed_s_four_fields(house: House) -> None:
    """Days by name, totals with the highest first, the newest events, and the sum."""
    fill(house, ("a", "2026-01-01T10:00:00Z"), ("b", "2026-01-01T11:00:00Z"))
    fill(house, ("b", "2026-01-02T00:00:00Z"))
    answer = house.stats()
    assert [
        {"date": "2026-01-01", "event_name": "a", "count": 1},
        {"date": "2026-01-01", "event_name": "b", "count": 1},
        {"date": "2026-01-02", "event_name": "b", "count": 1},
    ] == answer["daily_stats"]
    assert [{"event_name": "b", "count": 2}, {"event_name": "a", "count": 1}] == (
        answer["event_counts"]
    )
    assert 3 == answer["total_events"]
    assert house.events() == answer["recent_events"]


def test_recent_events_are_fifty(house: House) -> None:
    """However many there are."""
    house.batch(*({"event_name": "x", "insert_id": str(n)} for n in range(60)))
    assert [str(n) for n in range(59, 9, -1)] == [
        e["insert_id"] for e in house.stats()["recent_events"]
    ]


class TestRange:
    """from and to: dates of the zone, or instants."""

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"from_": "2026-01-02"}, "bcd"),
            ({"to": "2026-01-01"}, "a"),
            ({"from_": "2026-01-02", "to": "2026-01-02"}, "bc"),
            ({"from_": "2026-01-02T00:00:00Z", "to": "2026-01-02T12:00:00Z"}, "b"),
            ({"from_": "2026-01-02T12:00:00Z", "to": "2026-01-03T00:00:00Z"}, "c"),
            ({"to": "2026-01-03T00:00:00.000001Z"}, "abcd"),
            ({"from_": "2026-01-02", "tz": "Asia/Tokyo"}, "abcd"),
            ({"from_": "2026-01-02", "to": "2026-01-02", "tz": "Asia/Tokyo"}, "abc"),
            ({"from_": "2030-01-01"}, ""),
        ],
    )
    def test_what_is_counted(self, house: House, asked: dict[str, str], found: str) -> None:
        """from is inclusive; a date as to includes that whole day of the zone, a time does not."""
        times = ("01T23:59:59.999999", "02T00:00:00", "02T12:00:00", "03T00:00:00")
        fill(house, *((name, f"2026-01-{t}Z") for name, t in zip("abcd", times, strict=True)))
        answer = house.stats(**asked)
        assert sorted(found) == sorted(e["event_name"] for e in answer["event_counts"])
        assert len(found) == answer["total_events"]
        assert sorted(found) == sorted(e["event_name"] for e in answer["recent_events"])

    def test_it_is_told_as_instants(self, house: House) -> None:
        """range says where it begins and ends, in UTC, and which days it has."""
        answer = house.stats(from_="2026-03-28", to="2026-03-30", tz="Europe/Berlin")["range"]
        assert {
            "from": "2026-03-27T23:00:00.000000Z",
            "to": "2026-03-30T22:00:00.000000Z",
            "tz": "Europe/Berlin",
            "interval": "day",
            "starts": ["2026-03-28", "2026-03-29", "2026-03-30"],
        } == answer

    def test_an_open_range_runs_from_the_first_event_to_today(self, house: House) -> None:
        """Days without events are listed too, up to the day it is."""
        today = datetime.now(timezone.utc)
        fill(house, ("x", rfc3339.render(int((today.timestamp() - 3 * 86_400) * 1e6))))
        starts = house.stats()["range"]["starts"]
        days = {oracle.label(int(today.timestamp() * 1e6), "UTC", "day")}
        assert 4 <= len(starts) <= 5
        assert days & set(starts[-2:])

    def test_too_many_intervals_are_not_listed(self, house: House) -> None:
        """Above a thousand the list is empty, and the counts are still right."""
        fill(house, ("x", "2020-01-01T00:00:00Z"))
        answer = house.stats(from_="2020-01-01", to="2026-01-01")
        assert [] == answer["range"]["starts"]
        assert 1 == answer["total_events"]

    def test_weeks_begin_on_monday_and_months_on_the_first(self, house: House) -> None:
        """Labels are dates."""
        fill(house, ("x", "2026-03-01T12:00:00Z"), ("x", "2026-03-02T12:00:00Z"))
        for interval, expected in (
            ("week", ["2026-02-23", "2026-03-02"]),
            ("month", ["2026-03-01"]),
        ):
            answer = house.stats(interval=interval, from_="2026-03-01", to="2026-03-02")
            assert expected == [row["date"] for row in answer["daily_stats"]]
            assert expected == answer["range"]["starts"]

    @pytest.mark.parametrize(
        ("interval", "label"),
        [("hour", "2026-01-01T15:00:00+05:30"), ("minute", "2026-01-01T15:37:00+05:30")],
    )
    def test_hours_and_minutes_bear_their_offset(
        self, house: House, interval: str, label: str
    ) -> None:
        """Labels are local RFC 3339 times."""
        fill(house, ("x", "2026-01-01T10:07:31Z"))
        answer = house.stats(interval=interval, tz="Asia/Kolkata", to="2026-01-02")
        assert [label] == [row["date"] for row in answer["daily_stats"]]


def test_names_may_be_repeated(house: House) -> None:
    """event_name selects in every part of the answer, but not in the verdicts."""
    times = "2026-01-01T00:00:00Z"
    fill(house, ("a", times), ("b", times), ("c", times))
    answer = house.stats(event_name=["a", "c", "a"])
    assert (2, 2) == (answer["total_events"], len(answer["recent_events"]))
    assert {"a", "c"} == {row["event_name"] for row in answer["daily_stats"]}
    assert 3 == answer["verdicts"]["accepted"]


def test_verdicts_add_up_to_what_was_sent(house: House) -> None:
    """Accepted, duplicates and refused ones by reason: nothing vanishes."""
    sent = [{"event_name": "x", "insert_id": i} for i in "aab"] + [{}, {}, {"event_name": 5}]
    house.batch(*sent)
    verdicts = house.stats()["verdicts"]
    assert (2, 1, 3) == (verdicts["accepted"], verdicts["duplicates"], verdicts["rejected"])
    assert [
        {"code": "event_name_missing", "count": 2},
        {"code": "event_name_invalid", "count": 1},
    ] == verdicts["reasons"]


def test_the_project_s_zone_is_the_default(build: Callable[..., House]) -> None:
    """Without tz the days are those of the project."""
    house = build()
    house.sql("UPDATE projects SET time_zone = 'Pacific/Kiritimati'")
    fill(house, ("x", "2026-01-01T10:00:00Z"))
    answer = house.stats()
    assert ("Pacific/Kiritimati", "2026-01-02") == (
        answer["range"]["tz"],
        answer["daily_stats"][0]["date"],
    )


def test_markup_comes_back_as_it_was(house: House) -> None:
    """Names and properties are text; JSON is all the escaping there is."""
    markup = "<script>alert(1)</script>"
    house.capture({"event_name": markup, "properties": {markup: markup}})
    answer = house.stats()
    assert markup == answer["event_counts"][0]["event_name"]
    assert {markup: markup} == answer["recent_events"][0]["properties"]


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    sent=st.lists(st.tuples(strategies.names, strategies.past), min_size=1, max_size=30).drawn(900),
    zone=strategies.zones.drawn(1),
    interval=st.sampled_from(("day", "week", "month")).drawn(1),
)
def test_days_over_http_are_those_of_a_naive_count(
    build: Callable[..., Any], sent: list[tuple[str, int]], zone: str, interval: str
) -> None:
    """From JSON in to JSON out, any zone's days are what a loop over the events finds."""
    house = build()
    fill(house, *((name, rfc3339.render(at)) for name, at in sent))
    now = datetime.now(timezone.utc).timestamp()
    kept = [(name.strip(), at) for name, at in sent if at < (now + 86_000) * 1e6]
    assert len(kept) == len(sent)
    expected = Counter((oracle.label(at, zone, interval), name) for name, at in kept)
    answer = house.stats(tz=zone, interval=interval)
    assert expected == {
        (row["date"], row["event_name"]): row["count"] for row in answer["daily_stats"]
    }
    assert len(sent) == answer["total_events"]


def test_a_year_has_no_interval_of_its_own(house: House) -> None:
    """What is not offered is refused by name."""
    answer = house.client.get("/api/stats/?interval=year", headers=house.read)
    assert "interval" == problem(answer)["errors"][0]["field"]
