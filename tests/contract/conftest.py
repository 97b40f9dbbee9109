"""Every engine in turn, and each by itself for what it alone does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck

from djangalytics_server.store.base import Store
from tests.contract.engines import ENGINES, Engine, PostgresEngine, SqliteEngine, present

EACH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
"""A fresh store is made inside each example."""


QUESTIONS = 4
"""How many questions are asked of each made-up world of an insight."""
WORLD = 1_000
"""Bytes of which a world and its questions are made; few need half of them."""


def worlds(usual: int = 50) -> int:
    """How many worlds to make up; for those who look further, 5,000 questions' worth."""
    far = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
    return -(-5_000 // QUESTIONS) if far else usual


@pytest.fixture(params=present())
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine in turn."""
    return ENGINES[request.param](request, tmp_path)


@pytest.fixture
def engines(request: pytest.FixtureRequest, tmp_path: Path) -> list[Engine]:
    """All engines at once, for what is made up and worked out once and asked of each."""
    return [ENGINES[name](request, tmp_path) for name in present()]


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
