"""The server killed at random moments over PostgreSQL: nothing is lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import postgres
from tests.crash.rounds import Plan, run

pytestmark = pytest.mark.skipif(
    bool(postgres.missing()), reason="see tests/contract/test_postgresql.py"
)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_acknowledged_event_is_lost_or_doubled(
    postgres_server: postgres.Server, tmp_path: Path, workers: int
) -> None:
    """What was acknowledged is there once, and every rollup equals a recount; a killed server's
    half transaction holds nobody up.
    """
    url = postgres_server.make_database(f"crash_{workers}")
    plan = Plan(tmp_path, rounds=4, clients=2, workers=workers, longest_life=0.6, database_url=url)
    result = run(plan)
    assert [] == result.faults
    assert result.account.acknowledged
    assert result.outcomes.get("lost", 0) + result.outcomes.get("refused", 0) > 0
