"""One way to open each engine; a new engine is one entry here and no other change."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from djangalytics_server.store.base import Store, open_store


class SqliteEngine:
    """Fresh SQLite files; ``path`` is that of the last one."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.template, self.folder = template, folder
        self.made = 0

    @property
    def path(self) -> Path:
        return self.folder / f"{self.made}.sqlite3"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement beside the last store, committed; its rows."""
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    @contextmanager
    def fresh(self) -> Iterator[Store]:
        """An empty store, closed at the end."""
        self.made += 1
        shutil.copy2(self.template, self.path)
        with self.again() as store:
            yield store

    @contextmanager
    def again(self) -> Iterator[Store]:
        """The last store once more, over the same data."""
        store = open_store(self.url)
        try:
            yield store
        finally:
            store.close()


ENGINES = {"sqlite": SqliteEngine}


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> SqliteEngine:
    """Each engine in turn."""
    return ENGINES[request.param](template, tmp_path)


@pytest.fixture
def store(engine: SqliteEngine) -> Iterator[Store]:
    """An empty store of each engine."""
    with engine.fresh() as opened:
        yield opened
