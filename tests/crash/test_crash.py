"""A short run of the crash test; `python -m tests.crash` makes it as long as you like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.rounds import Plan, run

WORKERS = pytest.mark.parametrize("workers", [1, 2])


@WORKERS
def test_no_acknowledged_event_is_lost_or_doubled(tmp_path: Path, workers: int) -> None:
    """After kills at random moments the database holds what was acknowledged, each event once,
    nothing that was never sent, and every rollup equals a recount.
    """
    plan = Plan(tmp_path, rounds=4, clients=2, workers=workers, longest_life=0.6, early_share=0.3)
    result = run(plan)
    assert [] == result.faults
    assert result.account.acknowledged
    assert result.outcomes.get("lost", 0) + result.outcomes.get("refused", 0) > 0


def test_what_the_sdk_tracked_is_stored_once(tmp_path: Path) -> None:
    """Programs with the SDK live through kills of the server: all they tracked is there, once."""
    result = run(Plan(tmp_path, rounds=3, clients=2, sdk=True, longest_life=0.6))
    assert [] == result.faults
    assert result.account.acknowledged
