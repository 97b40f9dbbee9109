"""The schema on PostgreSQL: made whole or not at all, upgraded, and refused with words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from djangalytics_server import app
from djangalytics_server.config import Settings
from djangalytics_server.errors import StartError
from djangalytics_server.store import revision, schema, upgrade
from djangalytics_server.store.opening import catalog_engine
from djangalytics_server.store.tables import Base
from tests import postgres
from tests.helpers import server_environment

pytestmark = pytest.mark.skipif(
    bool(postgres.missing()), reason="see tests/contract/test_postgresql.py"
)
NUMBERS = count()


@pytest.fixture
def name(postgres_server: postgres.Server) -> str:
    """A new, empty database."""
    name = f"schema_{next(NUMBERS)}"
    postgres_server.make_database(name)
    return name


@pytest.fixture
def url(postgres_server: postgres.Server, name: str) -> str:
    """Its address."""
    return postgres_server.socket_url(name)


@pytest.fixture
def migrated(url: str) -> Iterator[Engine]:
    """A database that the migrations made from nothing."""
    engine = catalog_engine(url)
    config = upgrade.migrations()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    yield engine
    engine.dispose()


def described(server: postgres.Server, database: str) -> list[list[tuple[object, ...]]]:
    """Every column and index of a database, as PostgreSQL describes them."""
    statements = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name"
        " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
        "SELECT version_num FROM alembic_version",
    )
    return [server.sql(statement, database=database) for statement in statements]


def test_the_migrations_make_the_tables_of_the_models(migrated: Engine) -> None:
    """Alembic finds no difference between a migrated database and ``store.tables``."""
    with migrated.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert [] == compare_metadata(context, Base.metadata)


def test_a_new_database_is_what_the_migrations_make(
    postgres_server: postgres.Server, name: str, migrated: Engine
) -> None:
    """Column for column, index for index and constraint for constraint."""
    made = postgres_server.make_database(f"{name}_made")
    assert app.prepare(Settings(database_url=made)) is not None
    assert described(postgres_server, name) == described(postgres_server, f"{name}_made")


def test_a_new_database_is_whole(postgres_server: postgres.Server, name: str, url: str) -> None:
    """With a project, an owner and both keys; a second start changes nothing."""
    assert not app.prepare_existing(Settings(database_url=url))
    secrets = app.prepare(Settings(database_url=url, time_zone="Asia/Tokyo"))
    assert secrets is not None
    assert [("My project", "Asia/Tokyo", True)] == postgres_server.sql(
        "SELECT name, time_zone, open_capture FROM projects", database=name
    )
    assert [("read",), ("write",)] == postgres_server.sql(
        "SELECT kind FROM api_keys ORDER BY kind", database=name
    )
    assert app.prepare(Settings(database_url=url)) is None
    assert app.prepare_existing(Settings(database_url=url))


def test_a_fault_half_way_leaves_nothing(
    postgres_server: postgres.Server, name: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When making it fails there is no table, and the next start makes a whole database."""

    def fail(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("djangalytics_server.catalog.projects.found", fail)
        with pytest.raises(KeyboardInterrupt):
            app.prepare(Settings(database_url=url))
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert [(0,)] == postgres_server.sql(tables, database=name)
    assert app.prepare(Settings(database_url=url)) is not None


STARTS = """
import sys
from djangalytics_server import app
from djangalytics_server.config import Settings
sys.stdin.readline()
print(app.prepare(Settings(database_url=sys.argv[1])) is not None)
"""


def test_processes_starting_at_once_make_one_database(
    postgres_server: postgres.Server, name: str, url: str
) -> None:
    """Exactly one of them makes it and has the secrets; all find it whole."""
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", STARTS, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=server_environment(),
            text=True,
        )
        for _ in range(3)
    ]
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].strip() for process in starting]
    assert [0, 0, 0] == [process.returncode for process in starting]
    assert ["False", "False", "True"] == sorted(said)
    assert [(1,)] == postgres_server.sql("SELECT count(*) FROM projects", database=name)


def test_an_older_database_is_upgraded(
    postgres_server: postgres.Server, name: str, url: str
) -> None:
    """The migrations that it lacks run at the next start, under the lock, and furnish nothing."""
    engine = catalog_engine(url)
    config = upgrade.migrations()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    assert schema.ensure_schema(url, lambda _connection: pytest.fail("furnished")) is False
    version = postgres_server.sql("SELECT version_num FROM alembic_version", database=name)
    assert [(revision.HEAD,)] == version
    assert app.prepare(Settings(database_url=url)) is None


def refused(url: str) -> str:
    """The sentence a start ends with."""
    with pytest.raises(StartError) as caught:
        app.prepare(Settings(database_url=url))
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_other_tables_are_left_alone(postgres_server: postgres.Server, name: str, url: str) -> None:
    """A database that somebody else uses too is fine while no name is taken."""
    postgres_server.sql("CREATE TABLE orders (id int)", database=name)
    assert app.prepare(Settings(database_url=url)) is not None
    assert app.prepare(Settings(database_url=url)) is None
    assert [] == postgres_server.sql("SELECT * FROM orders", database=name)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE users (id int)",
        "CREATE VIEW events AS SELECT 1 AS id",
        "CREATE TABLE alembic_version (version_num varchar(32))",
        "CREATE TABLE alembic_version AS SELECT 'a1b2c3d4' AS version_num",
        "CREATE TABLE alembic_version AS SELECT '0002' AS version_num",
    ],
)
def test_names_of_ours_that_are_taken_are_refused(
    postgres_server: postgres.Server, name: str, url: str, statement: str
) -> None:
    """Tables of another program under our names, its migrations too, are neither used nor lost."""
    postgres_server.sql(statement, database=name)
    before = described_tables(postgres_server, name)
    assert "has tables of another program under names we need" in refused(url)
    assert before == described_tables(postgres_server, name)


def described_tables(server: postgres.Server, database: str) -> list[tuple[object, ...]]:
    """The names of all tables and views."""
    statement = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    return server.sql(statement, database=database)


def test_a_newer_database_is_refused(postgres_server: postgres.Server, name: str, url: str) -> None:
    """The sentence says to upgrade the program."""
    app.prepare(Settings(database_url=url))
    postgres_server.sql("UPDATE alembic_version SET version_num = '9999'", database=name)
    sentence = refused(url)
    assert "newer Djangalytics" in sentence
    assert "pip install --upgrade" in sentence


def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres_server: postgres.Server, name: str
) -> None:
    """Events are in every language, so the encoding is UTF-8."""
    more = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    sentence = refused(postgres_server.make_database(f"{name}_latin", more))
    assert "encoded in LATIN1" in sentence
    assert postgres.PASSWORD not in sentence


def test_a_user_who_may_not_make_tables_is_told(
    postgres_server: postgres.Server, name: str, url: str
) -> None:
    """What the server denies is one sentence, with its own words."""
    postgres_server.sql("CREATE ROLE guest LOGIN")
    postgres_server.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=name)
    try:
        guest = url.replace(f"{postgres.USER}@", "guest@")
        assert "permission denied for schema public" in refused(guest)
    finally:
        postgres_server.sql("DROP ROLE guest")


def test_a_server_that_may_lose_commits_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """With fsync off the promise is void, so the log says so at every start."""
    with postgres.running(fsync="off") as server:
        app.prepare(Settings(database_url=server.make_database("unsafe")))
    assert ["fsync = off"] == [
        setting for setting in ("fsync = off", "full_page_writes = off") if setting in caplog.text
    ]
