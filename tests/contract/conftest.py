"""Every engine in turn, and each by itself for what it alone does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from djangalytics_server.store.base import Store
from tests.contract.engines import ENGINES, Engine, PostgresEngine, SqliteEngine, present


@pytest.fixture(params=present())
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine in turn."""
    return ENGINES[request.param](request, tmp_path)


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    """An empty store of each engine."""
    with engine.fresh() as opened:
        yield opened


@pytest.fixture
def sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteEngine:
    """SQLite alone."""
    made = ENGINES["sqlite"](request, tmp_path)
    assert isinstance(made, SqliteEngine)
    return made


@pytest.fixture
def postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> PostgresEngine:
    """PostgreSQL alone."""
    made = ENGINES["postgresql"](request, tmp_path)
    assert isinstance(made, PostgresEngine)
    return made
