"""One way to open each engine; a new engine is one class here, one entry, and no other change."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from djangalytics_server.model.event import Receipt, Submission
from djangalytics_server.store import back, pages
from djangalytics_server.store.base import Store
from djangalytics_server.store.blocks import days, looking, making, named, numbered, stepping
from djangalytics_server.store.opening import open_store
from djangalytics_server.store.schema import ensure_schema
from djangalytics_server.store.tables import Base
from tests import postgres


class Engine:
    """What every engine of the contract can do; ``url`` is that of the last fresh store."""

    url: str

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement beside the last store, committed; its rows."""
        raise NotImplementedError

    def refuse(self, table: str) -> None:
        """From now on the table takes no rows."""
        raise NotImplementedError

    def relent(self, table: str) -> None:
        """The table takes rows again."""
        raise NotImplementedError

    def anew(self) -> None:
        """The next store is made from nothing: this one has rows that cannot be removed."""

    def _make(self) -> None:
        """Make the next database, empty."""
        raise NotImplementedError

    @contextmanager
    def fresh(self) -> Iterator[Store]:
        """An empty store, closed at the end."""
        self._make()
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


class SqliteEngine(Engine):
    """Fresh SQLite files; ``path`` is that of the last one."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.template, self.folder = template, folder
        self.made = 0

    @property
    def path(self) -> Path:
        return self.folder / f"{self.made}.sqlite3"

    @property
    def url(self) -> str:  # type: ignore[override]
        return f"sqlite:///{self.path}"

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def refuse(self, table: str) -> None:
        self.sql(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    def relent(self, table: str) -> None:
        self.sql("DROP TRIGGER refuse")

    def _make(self) -> None:
        self.made += 1
        shutil.copy2(self.template, self.path)


_FAR = 2**62
"""A moment after everything: each day is over."""
MOST_BLOCKS = 16
"""How many blocks are made after each append; what is left is read row by row."""


class BlocksEngine(SqliteEngine):
    """SQLite where every few events lie by columns at once, and are read there."""

    size = 3
    """How many events a block has."""

    @contextmanager
    def again(self) -> Iterator[Store]:
        with (
            patch.object(making, "SIZE", self.size),
            patch.object(looking, "FEW", -1),
            patch.object(named, "MANY", 2),
            patch.object(named, "SECTION", 2),
            patch.object(stepping, "MOST_AT_HAND", 8),
            patch.object(stepping, "WORTH", 0.35),  # now one section at a time, now two
            patch.object(days, "WORTH", 1),
            patch.object(days, "_latest", lambda _connection: _FAR),
            patch.object(looking, "_AT_HAND", 2),
            patch.object(numbered, "_AT_HAND", 2),
            patch.object(pages, "FEW", -1),
            patch.object(back, "FIRST_LOOK", 1),
            super().again() as store,
        ):
            append = store.append

            def appended(submissions: Sequence[Submission]) -> list[Receipt]:
                receipts = append(submissions)
                for _ in range(MOST_BLOCKS):
                    if not store.make_block(anew=True):
                        break
                return receipts

            store.append = appended  # type: ignore[method-assign]
            yield store


class PostgresEngine(Engine):
    """One database of a server of the tests' own, emptied each time.

    Fixtures that last longer than a test have a database to themselves, named for their scope.
    """

    def __init__(self, server: postgres.Server, scope: str) -> None:
        self.server, self.database = server, f"contract_{scope}"
        self.url = server.socket_url(self.database)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        # Whoever alters the tables gets new ones the next time.
        if not statement.startswith(("SELECT", "DELETE")):
            self.server.whole.discard(self.database)
        return self.server.sql(statement, database=self.database)

    def anew(self) -> None:
        self.server.whole.discard(self.database)

    def refuse(self, table: str) -> None:
        self.sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
        )
        self.sql(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
        )

    def relent(self, table: str) -> None:
        self.sql(f"DROP TRIGGER refuse ON {table}")

    def _make(self) -> None:
        if self.database not in self.server.whole:
            self.server.sql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
            self.server.make_database(self.database)
            ensure_schema(self.url, lambda _connection: None)
            self.server.whole.add(self.database)
            return
        # For tables this small much quicker than TRUNCATE, which makes new files for each.
        emptied = [f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables)]
        numbered = ("events", "rejected_events", "erasures", "cohorts")
        counted = [f"ALTER SEQUENCE {name}_id_seq RESTART" for name in numbered]
        self.server.sql("; ".join(["BEGIN", *emptied, *counted, "COMMIT"]), database=self.database)


def _sqlite(request: pytest.FixtureRequest, folder: Path) -> Engine:
    return SqliteEngine(request.getfixturevalue("template"), folder)


def _blocks(request: pytest.FixtureRequest, folder: Path) -> Engine:
    return BlocksEngine(request.getfixturevalue("template"), folder)


def _postgres(request: pytest.FixtureRequest, folder: Path) -> Engine:
    return PostgresEngine(request.getfixturevalue("postgres_server"), request.scope)


ENGINES: dict[str, Callable[[pytest.FixtureRequest, Path], Engine]] = {
    "postgresql": _postgres,
    "sqlite": _sqlite,
    "sqlite-blocks": _blocks,
}
"""By name: what makes the engine for a fixture, with a folder for what it needs there."""


def present() -> list[str]:
    """The engines that can be tried here; a test of its own complains of a missing PostgreSQL."""
    return sorted(name for name in ENGINES if name != "postgresql" or not postgres.missing())


def of_servers() -> list[str]:
    """Those a server of its own can be started over: blocks of few events are made in a test."""
    return [name for name in present() if name != "sqlite-blocks"]
