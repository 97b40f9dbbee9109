"""The newest value that each person has, told by columns: what a look at every row says."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from djangalytics_server.model.cohort import CohortPeople, Latest
from djangalytics_server.model.query_filter import Condition, Members, Property
from djangalytics_server.store.blocks import lasting, looking, making
from tests.contract.engines import SqliteEngine
from tests.contract.making import NOW, SECOND, event, send

IS_PRO = Condition(Property("plan"), "is", ("pro",))


@pytest.mark.parametrize(
    ("late", "at_once"), [(0, 1), (5, 1), (40, 1), (1_000, 1), (0, 15), (3, 50)]
)
def test_blocks_that_overlap_in_time_tell_the_newest(
    sqlite: SqliteEngine, late: int, at_once: int
) -> None:
    """However late events arrive, and however many are of one time; rows are read only of those
    that are in no block.
    """
    expected: dict[str, tuple[int, int, str]] = {}
    with (
        patch.object(making, "SIZE", 6),
        patch.object(looking, "FEW", -1),
        sqlite.fresh() as store,
    ):
        for number in range(200):
            behind = late if number % 7 == 0 else 0
            at = NOW + (number // at_once - behind) * SECOND
            person = f"p{number * number % 23}"
            plan = "pro" if number % 3 else "free"
            send(
                store,
                event(f"i{number}", at=at, distinct_id=person, properties=f'{{"plan":"{plan}"}}'),
            )
            expected[person] = max(expected.get(person, (0, 0, "")), (at, number, plan))
        while store.make_block(anew=False):
            pass
        asked = CohortPeople(Members(1, Latest(IS_PRO)), 100)
        read = patch.object(lasting, "_loose", wraps=lasting._loose)
        with read as rows, store.snapshot() as snapshot:
            found = snapshot.members(asked)
        assert sorted(who for who, (_, _, plan) in expected.items() if plan == "pro") == found
        assert [[(199, 200)]] == [call.args[-1] for call in rows.call_args_list]
        with patch.object(lasting, "MOST_LOOSE", 1), store.snapshot() as snapshot:
            assert found == snapshot.members(asked)
