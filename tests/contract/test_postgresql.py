"""The one test that is here without PostgreSQL too: it says so, in one line, for all of them."""

from __future__ import annotations

import pytest

from tests import postgres


def test_postgresql_is_here(request: pytest.FixtureRequest) -> None:
    """PostgreSQL starts and answers; where it is missing, the line says how to get it."""
    reason = postgres.missing()
    if reason is not None and postgres.required():
        pytest.fail(reason, pytrace=False)
    if reason is not None:
        pytest.skip(reason)
    server = request.getfixturevalue("postgres_server")
    assert [(2,)] == server.sql("SELECT 1 + 1")
