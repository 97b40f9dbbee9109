"""Forks while threads track; `python -m tests.hosts.forks` makes them as many as you like."""

from __future__ import annotations

from tests.hosts.forks import fork_under_load
from tests.hosts.house import Run


def test_forks_under_load(spoolless: Run) -> None:
    """Thirty children leave in three ways: no deadlock, nothing lost, nothing doubled."""
    assert fork_under_load(spoolless, 30) > 90
