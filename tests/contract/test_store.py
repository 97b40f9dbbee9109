"""The store's promise on every engine, answer for answer against the naive oracle."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from djangalytics_server.model.event import Submission
from djangalytics_server.model.query import EventPage, Stats
from djangalytics_server.query import run
from djangalytics_server.store import rollups
from djangalytics_server.store.base import Store
from tests import oracle as naive
from tests import recipes as st
from tests import strategies
from tests.contract.making import NOW, SECOND, event, refused, send, whole
from tests.oracle import DAY, Oracle

# The engine is a factory: each example asks it for a store of its own.
EACH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
HORIZON = 2_000_000_000 * SECOND

appends = strategies.appends.drawn(strategies.APPENDS)
maybe_a_moment = st.one_of(st.none(), strategies.moments).drawn(24)


def filled(store: Store, appends: list[list[Submission]]) -> Oracle:
    """An oracle that has seen what the store was given, its receipts checked on the way."""
    oracle = Oracle()
    for submissions in appends:
        oracle.append(submissions, store.append(submissions))
    return oracle


class TestAppend:
    """Writing."""

    @settings(max_examples=40, suppress_health_check=EACH)
    @given(appends=appends)
    def test_everything_reads_back_as_the_oracle_has_it(self, engines: Any, appends: Any) -> None:
        """Receipts, events, verdicts and bounds are those of a list in arrival order."""
        for engine in engines:
            with engine.fresh() as store:
                oracle = filled(store, appends)
                for project in (1, 2, 3):
                    page = EventPage(project, limit=1_000)
                    assert oracle.newest(page) == store.newest(page)
                    assert oracle.verdicts(project) == store.verdicts(project)
                    assert oracle.bounds(project) == store.bounds(project)

    @settings(max_examples=30, suppress_health_check=EACH)
    @given(appends=appends)
    def test_append_twice_is_append_once(self, engines: Any, appends: Any) -> None:
        """Sending everything again adds no event and no count: all are duplicates."""
        for engine in engines:
            with engine.fresh() as store:
                oracle = filled(store, appends)
                before = [store.newest(EventPage(p, limit=1_000)) for p in (1, 2)]
                counts = [store.count(whole(0, HORIZON // DAY * DAY, 86_400)) for p in (1, 2)]
                for submissions in appends:
                    receipts = store.append(submissions)
                    assert all(receipt.accepted == 0 for receipt in receipts)
                    oracle.append(submissions, receipts)
                assert before == [store.newest(EventPage(p, limit=1_000)) for p in (1, 2)]
                assert counts == [
                    store.count(whole(0, HORIZON // DAY * DAY, 86_400)) for p in (1, 2)
                ]
                assert [oracle.verdicts(p) for p in (1, 2)] == [store.verdicts(p) for p in (1, 2)]

    def test_the_first_write_wins(self, store: Store) -> None:
        """A repeat with other content changes nothing, and its receipt shows the first content."""
        first = send(store, event("a", "first", NOW)).stored[0]
        second = send(store, event("a", "second", NOW + DAY)).stored[0]
        assert ("accepted", first.event_id, "first") == (
            first.status,
            second.event_id,
            second.event_name,
        )
        assert ("duplicate", NOW) == (second.status, second.timestamp)
        assert ["first"] == [e.event_name for e in store.newest(EventPage(1))]

    def test_the_second_of_two_equal_ids_in_one_batch_is_a_duplicate(self, store: Store) -> None:
        """Within a submission, and across submissions of one transaction, the first one counts."""
        receipts = store.append(
            [
                Submission(1, NOW, (event("a", "one"), event("a", "two"), event("b"))),
                Submission(1, NOW, (event("b"), event("c"))),
            ]
        )
        assert [["accepted", "duplicate", "accepted"], ["duplicate", "accepted"]] == [
            [entry.status for entry in receipt.stored] for receipt in receipts
        ]
        assert "one" == receipts[0].stored[1].event_name
        assert 3 == len(store.newest(EventPage(1)))

    def test_projects_do_not_share_insert_ids(self, store: Store) -> None:
        """Two projects may use the same insert id, and neither sees the other's event."""
        assert "accepted" == send(store, event("a")).stored[0].status
        assert "accepted" == send(store, event("a", project_id=2)).stored[0].status
        assert [1, 1] == [len(store.newest(EventPage(p))) for p in (1, 2)]

    def test_more_repeats_than_one_look_up_takes(self, store: Store) -> None:
        """A batch of 1,200 with every second one known is told apart event by event."""
        send(store, *(event(str(n)) for n in range(0, 1_200, 2)))
        receipt = send(store, *(event(str(n)) for n in range(1_200)))
        expected = ["duplicate", "accepted"] * 600
        assert expected == [entry.status for entry in receipt.stored]
        assert 1_200 == len({entry.event_id for entry in receipt.stored})

    def test_an_empty_append_is_nothing(self, store: Store) -> None:
        """No submissions, or one without events, writes nothing and answers as much."""
        assert [] == store.append([])
        assert 0 == len(send(store).stored)
        assert store.bounds(1) is None

    def test_old_refused_events_make_room(
        self, store: Store, engine: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond the number that is kept the oldest go; their counts stay."""
        monkeypatch.setattr("djangalytics_server.store.rejections.MOST", 3)
        for number in range(5):
            send(store, refused=[refused(raw=f'"{number}"')])
        send(store, refused=[refused(project_id=2)])
        assert 5 == store.verdicts(1).rejected
        statement = "SELECT raw FROM rejected_events WHERE project_id = 1 ORDER BY id"
        assert [('"2"',), ('"3"',), ('"4"',)] == engine.sql(statement)


class TestCounts:
    """Rollups, and the questions that are answered from them."""

    @settings(max_examples=40, suppress_health_check=EACH)
    @given(appends=appends, project=st.sampled_from((1, 2)).drawn(1))
    def test_rollup_total_is_raw_total(self, engines: Any, appends: Any, project: int) -> None:
        """Each grain of the rollup has, name by name, what a scan of the events finds."""
        for engine in engines:
            with engine.fresh() as store:
                oracle = filled(store, appends)
                expected = Counter(e.event_name for e in oracle.of(1))
                for grain in (None, *rollups.GRAINS):
                    rows = store.count(whole(0, HORIZON // DAY * DAY, grain))
                    assert expected == Counter({row.event_name: row.events for row in rows})

    @settings(max_examples=50, suppress_health_check=EACH)
    @given(
        appends=appends,
        zone=strategies.zones.drawn(1),
        interval=st.sampled_from(("day", "week", "month")).drawn(1),
        start=maybe_a_moment,
        end=maybe_a_moment,
    )
    def test_days_of_any_zone_are_those_of_a_naive_count(
        self, engines: Any, appends: Any, zone: str, interval: Any, start: Any, end: Any
    ) -> None:
        """Days, weeks and months of any range and zone equal zoneinfo's word on each event."""
        for engine in engines:
            with engine.fresh() as store:
                oracle = filled(store, appends)
                answer = run.stats(Stats(1, zone, interval, start, end), store, NOW)
                expected = naive.daily(oracle.of(1), zone, interval, start, end)
                assert expected == {(day, name): n for day, name, n in answer.daily}
                assert sum(expected.values()) == answer.total

    @settings(max_examples=40, suppress_health_check=EACH)
    @given(appends=appends, zone=strategies.zones.drawn(1))
    def test_day_sums_of_any_zone_are_the_utc_total(
        self, engines: Any, appends: Any, zone: str
    ) -> None:
        """However the days are cut, no event is lost or counted twice."""
        for engine in engines:
            with engine.fresh() as store:
                filled(store, appends)
                totals = [run.stats(Stats(1, z), store, NOW) for z in ("UTC", zone)]
                assert totals[0].totals == totals[1].totals
                assert totals[0].total == sum(n for _, _, n in totals[1].daily)

    def test_only_the_names_asked_for_are_counted(self, store: Store) -> None:
        """Names select rollup rows and raw rows alike, by exact spelling."""
        send(store, event("a", "x"), event("b", "X"), event("c", "y"))
        for interval in ("day", "minute"):
            answer = run.stats(Stats(1, "UTC", interval, event_names=("x", "nope")), store, NOW)
            assert (("x", 1),) == answer.totals


class TestVerdicts:
    """What became of everything."""

    def test_reasons_are_sorted_by_how_often(self, store: Store) -> None:
        """The most frequent reason comes first; equal ones are in the order of their codes."""
        codes = ["too_deep", "key_too_long", "source_invalid", "key_too_long"]
        send(store, event("a"), refused=[refused(code) for code in codes])
        send(store, event("a"))
        verdicts = store.verdicts(1)
        assert (1, 1, 4) == (verdicts.accepted, verdicts.duplicates, verdicts.rejected)
        expected = (("key_too_long", 2), ("source_invalid", 1), ("too_deep", 1))
        assert expected == verdicts.reasons

    def test_a_project_without_events_has_none(self, store: Store) -> None:
        """Nothing sent: zeros, no bounds, no events."""
        assert 0 == store.verdicts(7).accepted
        assert store.bounds(7) is None
        assert [] == store.newest(EventPage(7))


class TestDefinitions:
    """Property definitions are bounded, and those that are there are exact."""

    def test_a_project_has_so_many_and_no_more(
        self, store: Store, engine: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond the number new keys get no row; those with one go on being counted."""
        monkeypatch.setattr(rollups, "MOST_PROPERTIES", 3)
        for number in range(5):
            text = f'{{"always":1,"key {number}":true}}'
            send(store, event(f"cap-{number}", properties=text))
            send(store, event(f"cap-{number}", project_id=2, properties='{"own":null}'))
        send(store, event("cap-5", properties='{"key 0":false,"key 4":1,"always":"text"}'))
        statement = (
            "SELECT project_id, property, type, count FROM property_definitions"
            " ORDER BY project_id, property, type"
        )
        assert [
            (1, "always", "number", 5),
            (1, "key 0", "boolean", 2),
            (1, "key 1", "boolean", 1),
            (2, "own", "null", 5),
        ] == [tuple(row) for row in engine.sql(statement)]
