"""People in shares: together they are those that are met by name, and nobody is in two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from djangalytics_server.model.insight import Scan
from djangalytics_server.model.query_filter import Condition, Field
from djangalytics_server.store.base import Store
from djangalytics_server.store.blocks import gathering, looking, making, shares
from tests.contract.engines import SqliteEngine
from tests.contract.making import NOW, SECOND, event, send

HOUR = 3_600 * SECOND
SLOTS = (
    ((0, NOW - 5 * HOUR),),
    ((NOW - 5 * HOUR, NOW),),
    (),
    ((NOW, NOW + HOUR), (NOW + 2 * HOUR, NOW + 3 * HOUR)),
    ((NOW + 3 * HOUR, 2**62),),
)
SCANS = (
    Scan(1, SLOTS),
    Scan(2, SLOTS),
    Scan(1, SLOTS, "signup"),
    Scan(1, SLOTS, filter=Condition(Field("source"), "is", ("web",))),
)


def fill(store: Store) -> None:
    """Events of two projects, out of order, some of nobody; the last three in no block."""
    for number in range(43):
        one = event(
            f"event-{number}",
            ("signup", "buy")[number % 3 == 0],
            NOW + (number * 7 % 43 - 20) * HOUR // 2,
            distinct_id=None if number % 9 == 0 else f"person {number % 11}",
            source=("web", None)[number % 2],
            project_id=1 + (number % 10 == 9),
        )
        send(store, one)


def assert_alike(store: Store) -> None:
    """Slot after slot in each share, the same people as by name, each in one share."""
    with store.snapshot() as snapshot:
        for scan in SCANS:
            by_name = {crowd.slot: set(crowd.people) for crowd in snapshot.crowds(scan)}
            found: dict[int, list[object]] = defaultdict(list)
            of_share: dict[object, int] = {}
            for share, met in enumerate(snapshot.anonymous(scan)):
                some = [(one.slot, one.people) for one in met]
                assert sorted(slot for slot, _ in some) == [slot for slot, _ in some]
                for slot, people in some:
                    found[slot] += people
                    assert all(share == of_share.setdefault(one, share) for one in people)
            assert by_name == {slot: set(people) for slot, people in found.items()}
            assert all(len(set(people)) == len(people) for people in found.values())


@pytest.fixture
def store(sqlite: SqliteEngine) -> Iterator[Store]:
    """A store with blocks of ten ids, which are asked however few events there are."""
    with (
        patch.object(making, "SIZE", 10),
        patch.object(looking, "FEW", -1),
        sqlite.fresh() as opened,
    ):
        yield opened


@pytest.mark.parametrize("worth", [0, 7, 2_000], ids=["all", "some", "none"])
def test_the_shares_together_are_those_met_by_name(store: Store, worth: int) -> None:
    """Without blocks, with some, with all; where blocks have shares and where they have none."""
    fill(store)
    assert_alike(store)
    with patch.object(shares, "WORTH", worth):
        assert store.make_block(anew=True)
        assert_alike(store)
        while store.make_block(anew=True):
            pass
        with patch.object(gathering, "gathered", side_effect=gathering.gathered) as asked:
            assert_alike(store)
        assert 2 == asked.call_count
        assert 0 == sum(table.wrong for table in store.recount())


def test_who_is_erased_is_in_no_share_any_more(store: Store, sqlite: SqliteEngine) -> None:
    """Their block goes in the same breath, and comes again without them."""
    fill(store)
    asked = "SELECT count(*) FROM block_columns WHERE name LIKE 'share %'"
    with patch.object(shares, "WORTH", 0):
        while store.make_block(anew=True):
            pass
        assert sqlite.sql(f"{asked} AND instr(data, 'person 3') > 0")[0][0] > 0
        store.erase(1, "person 3")
        assert [(0,)] == sqlite.sql(f"{asked} AND project_id = 1 AND instr(data, 'person 3') > 0")
        assert_alike(store)
        while store.make_block(anew=True):
            pass
        assert [(0,)] == sqlite.sql(f"{asked} AND project_id = 1 AND instr(data, 'person 3') > 0")
        assert_alike(store)
