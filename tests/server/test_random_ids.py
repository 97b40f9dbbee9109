"""Insert ids that do not grow with time: once, for ever, whoever wrote them and whenever."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.event import Event, Submission
from djangalytics_server.model.query import EventPage
from djangalytics_server.store import appender, random_ids
from djangalytics_server.store.base import Store
from djangalytics_server.store.opening import open_store
from tests.bench.ingest.events import version_4, version_7
from tests.contract.making import NOW, event, send

GROWING = tuple(version_7(NOW // 1_000 + n) for n in range(20))
SCATTERED = tuple(f"id-{n}" for n in range(20)) + tuple(version_4() for _ in range(20))


@pytest.fixture
def file(fresh_file: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty database; the sorted pass comes every seven events."""
    monkeypatch.setattr(random_ids, "FLUSH_AT", 7)
    return fresh_file()


def opened(file: Path) -> Store:
    return open_store(f"sqlite:///{file}")


def ids(store: Store) -> list[str]:
    """The stored insert ids in order of arrival."""
    return [one.insert_id for one in store.newest(EventPage(1, limit=1_000))][::-1]


def statuses(store: Store, *insert_ids: str) -> list[str]:
    return [entry.status for entry in send(store, *map(event, insert_ids)).stored]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    appends=st.lists(
        st.tuples(
            st.sampled_from((0, 1, 2)),
            st.lists(st.sampled_from(GROWING + SCATTERED), min_size=1, max_size=12),
        ),
        max_size=12,
    )
)
def test_several_processes_and_restarts_store_each_id_once(
    file: Path, fresh_file: Callable[[], Path], appends: list[tuple[int, list[str]]]
) -> None:
    """Whoever appends (two stores at once, and one opened anew each time), the first write wins."""
    here = fresh_file()
    stores = [opened(here), opened(here)]
    stored: dict[str, int] = {}
    try:
        for who, insert_ids in appends:
            store = opened(here) if who == 2 else stores[who]
            last = max(stored.values(), default=0)
            for entry in send(store, *map(event, insert_ids)).stored:
                assert ("duplicate" if entry.insert_id in stored else "accepted") == entry.status
                if entry.status == "accepted":
                    assert last < entry.event_id
                    stored[entry.insert_id] = last = entry.event_id
                assert stored[entry.insert_id] == entry.event_id
            if who == 2:
                store.close()
        assert list(stored) == ids(stores[0])
    finally:
        for store in stores:
            store.close()


def test_what_was_rolled_back_is_not_remembered(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An append that fails after its insertion leaves no memory: the same id is new again."""
    store = opened(file)
    assert ["accepted"] == statuses(store, "a")

    def fail(*_args: object) -> None:
        raise StoreUnavailable("No.", retry_after=1)

    for known in ("b", *SCATTERED[:8]):
        with monkeypatch.context() as patch:
            patch.setattr(appender, "roll_up", fail)
            with pytest.raises(StoreUnavailable):
                send(store, event(known))
        assert ["accepted", "duplicate"] == statuses(store, known, "a")
    store.close()


def test_equal_digests_are_told_apart(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest is only a hint: ids that share one are all stored, and each is recognised."""
    monkeypatch.setattr(random_ids, "key_of", lambda _project, insert_id: len(insert_id))
    store = opened(file)
    insert_ids = [f"id-{n:02d}" for n in range(30)]
    for start in range(0, 30, 5):
        assert ["accepted"] * 5 == statuses(store, *insert_ids[start : start + 5])
    assert ["duplicate"] * 30 == statuses(store, *insert_ids)
    assert ["accepted"] == statuses(store, "id-99")
    store.close()


def test_projects_do_not_share_random_ids(file: Path) -> None:
    """The same random id in two projects is two events, before and after the sorted pass."""
    store = opened(file)
    for project in (1, 2):
        assert "accepted" == send(store, event("x", project_id=project)).stored[0].status
    statuses(store, *SCATTERED)
    for project in (1, 2):
        assert "duplicate" == send(store, event("x", project_id=project)).stored[0].status
    store.close()


def test_both_notions_of_growing_with_time_agree(file: Path) -> None:
    """Python and the index's condition sort any id into the same kind."""
    import sqlite3

    odd = ["", "7" * 36, "a" * 14 + "7" + "b" * 21, "é" * 8 + "-12345" + "7" + "x" * 21]
    samples = [*GROWING, *SCATTERED, *odd, *(word + "x" for word in GROWING)]
    connection = sqlite3.connect(":memory:")
    for insert_id in samples:
        told = connection.execute(
            f"SELECT {random_ids.TIME_ORDERED} FROM (SELECT ? AS insert_id)", (insert_id,)
        ).fetchone()[0]
        assert bool(told) == random_ids.grows_with_time(insert_id), insert_id
    connection.close()
    assert all(map(random_ids.grows_with_time, GROWING))
    assert not any(map(random_ids.grows_with_time, SCATTERED))


def test_memory_is_emptied_by_the_sorted_pass(file: Path) -> None:
    """However many events come, no more than a pass's worth of ids are in memory."""
    store = opened(file)
    chance = random.Random(1)
    for start in range(0, 100, 4):
        events = [event(f"{chance.random()}-{start + n}") for n in range(4)]
        store.append([Submission(1, NOW, tuple(events))])
        memory = store._appender._journal._random_ids._newest  # type: ignore[attr-defined]
        assert len(memory) < random_ids.FLUSH_AT
    store.close()


def test_an_event_is_its_row_with_the_shape_behind() -> None:
    """The places that ingest counts on: the columns in order, then what is no column."""
    from djangalytics_server.store import appending, rollups

    assert (*appending._COLUMNS, "shape") == Event._fields
    named = {"project_id": rollups._PROJECT, "event_name": rollups._NAME}
    named |= {"timestamp": rollups._TIMESTAMP, "shape": rollups._SHAPE}
    assert {name: Event._fields.index(name) for name in named} == named
