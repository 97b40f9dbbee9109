"""The database's schema: made whole or not at all, upgraded, and refused with words."""

from __future__ import annotations

import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from djangalytics_server import app
from djangalytics_server.config import DATABASE_FILE, Settings
from djangalytics_server.errors import StartError
from djangalytics_server.store import revision, upgrade
from djangalytics_server.store.dialects import sqlite_engine
from djangalytics_server.store.tables import Base
from tests.helpers import server_environment


def sql(file: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements on a file; the rows of the last."""
    connection = sqlite3.connect(file)
    try:
        with connection:
            return [connection.execute(s).fetchall() for s in statements][-1]
    finally:
        connection.close()


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """A file that the migrations made from nothing."""
    file = tmp_path / "migrated.sqlite3"
    engine = sqlite_engine(f"sqlite:///{file}")
    try:
        upgrade.migrate(engine)
    finally:
        engine.dispose()
    return file


def test_the_migrations_make_the_tables_of_the_models(migrated: Path) -> None:
    """Alembic finds no difference between a migrated file and ``store.tables``."""
    engine = sqlite_engine(f"sqlite:///{migrated}")
    try:
        with engine.connect() as connection:
            options = {"compare_type": True, "compare_server_default": True}
            context = MigrationContext.configure(connection, opts=options)
            assert [] == compare_metadata(context, Base.metadata)
    finally:
        engine.dispose()


def test_a_new_file_is_what_the_migrations_make(
    fresh_file: Callable[[], Path], migrated: Path
) -> None:
    """Column for column SQLite describes both files alike, keys, WITHOUT ROWID, version and all."""
    made = fresh_file()
    statement = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    tables = {str(name) for (name,) in sql(made, statement)}
    assert "events" in tables
    assert tables == {str(name) for (name,) in sql(migrated, statement)}
    version = "SELECT version_num FROM alembic_version"
    assert sql(migrated, version) == sql(made, version)
    for table in tables:
        for pragma in ("table_info", "index_list", "foreign_key_list"):
            rows = [sql(f, f"PRAGMA {pragma}({table})") for f in (made, migrated)]
            made_rows, migrated_rows = (sorted(map(str, (r[1:] for r in found))) for found in rows)
            assert made_rows == migrated_rows, (pragma, table)
        strict = [sql(f, f"PRAGMA table_list({table})")[0][2:] for f in (made, migrated)]
        assert strict[0] == strict[1]


def test_head_is_the_newest_migration() -> None:
    """The constant that spares every start the import of Alembic is right."""
    assert revision.HEAD == ScriptDirectory.from_config(upgrade.migrations()).get_current_head()


def test_a_new_database_is_whole(tmp_path: Path) -> None:
    """One file for its owner alone, in WAL mode, with a project, an owner and both keys."""
    data = tmp_path / "a" / "b"
    secrets = app.prepare(Settings(data=data, time_zone="Asia/Tokyo"))
    assert secrets is not None
    file = data / DATABASE_FILE
    assert {file.name, f"{file.name}-lock"} == names(data)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert [("wal",)] == sql(file, "PRAGMA journal_mode")
    assert [("My project", "Asia/Tokyo", 1)] == sql(
        file, "SELECT name, time_zone, open_capture FROM projects"
    )
    assert [("read",), ("write",)] == sql(file, "SELECT kind FROM api_keys ORDER BY kind")


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    """What is there stays, byte for byte, and no secret is shown again."""
    app.prepare(Settings(data=tmp_path))
    before = (tmp_path / DATABASE_FILE).read_bytes()
    assert app.prepare(Settings(data=tmp_path)) is None
    assert before == (tmp_path / DATABASE_FILE).read_bytes()


def test_a_fault_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When making it fails there is no file, and the next start makes a whole one."""

    def fail(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("djangalytics_server.catalog.projects.found", fail)
        with pytest.raises(KeyboardInterrupt):
            app.prepare(Settings(data=tmp_path))
    assert {f"{DATABASE_FILE}-lock"} == names(tmp_path)
    assert app.prepare(Settings(data=tmp_path)) is not None


DIES = """
import os, pathlib, signal, sys
from djangalytics_server import app
from djangalytics_server.catalog import projects
from djangalytics_server.config import Settings
projects.found = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
app.prepare(Settings(data=pathlib.Path(sys.argv[1])))
"""


def test_a_kill_half_way_leaves_nothing_that_looks_like_data(tmp_path: Path) -> None:
    """A process killed while it makes the file leaves no database; the next start makes one and
    sweeps up.
    """
    killed = subprocess.run(
        [sys.executable, "-c", DIES, str(tmp_path)], env=server_environment(), check=False
    )
    assert -signal.SIGKILL == killed.returncode
    assert DATABASE_FILE not in names(tmp_path)
    assert any(".new-" in name for name in names(tmp_path))
    assert app.prepare(Settings(data=tmp_path)) is not None
    assert {DATABASE_FILE, f"{DATABASE_FILE}-lock"} == names(tmp_path)


STARTS = """
import pathlib, sys
from djangalytics_server import app
from djangalytics_server.config import Settings
sys.stdin.readline()
print(app.prepare(Settings(data=pathlib.Path(sys.argv[1]))) is not None)
"""


def test_two_processes_starting_at_once_make_one_database(tmp_path: Path) -> None:
    """Exactly one of them makes it and has the secrets; both find it whole."""
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", STARTS, str(tmp_path)],
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
    assert [(1,)] == sql(tmp_path / DATABASE_FILE, "SELECT count(*) FROM projects")


def test_an_empty_file_is_a_place_for_a_new_database(tmp_path: Path) -> None:
    """What a crashed touch leaves is not somebody's data."""
    (tmp_path / DATABASE_FILE).touch()
    assert app.prepare(Settings(data=tmp_path)) is not None


@pytest.mark.parametrize(
    "name", ["a b", "ü", "100%41", "#1", "what?", "q'uote", "a;b", "back\\slash"]
)
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str) -> None:
    """The file is made exactly there, and the application opens it there."""
    settings = Settings(data=tmp_path / name)
    assert app.prepare(settings) is not None
    opened = app.create_app(settings)
    try:
        answer = opened.test_client().post("/api/capture_event/", json={"event_name": "x"})
        assert 201 == answer.status_code
    finally:
        opened.close()
    assert [(1,)] == sql(tmp_path / name / DATABASE_FILE, "SELECT count(*) FROM events")
    assert {name} == names(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """Below a file there is no folder, whoever asks."""
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"Cannot keep data in .*--data DIR"):
        app.prepare(Settings(data=tmp_path / "file" / "data"))


def test_commands_make_no_data(tmp_path: Path) -> None:
    """What only looks finds nothing and leaves nothing."""
    assert not app.prepare_existing(Settings(data=tmp_path / "none"))
    assert set() == names(tmp_path)


def test_a_relative_url_is_one_place_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store and catalog open the same file, counted from where the process stands."""
    monkeypatch.chdir(tmp_path)
    settings = Settings(database_url="sqlite:///here.sqlite3")
    secrets = app.prepare(settings)
    assert secrets is not None
    opened = app.create_app(settings)
    try:
        key = {"Authorization": f"Bearer {secrets.read_key}"}
        assert 200 == opened.test_client().get("/api/stats/", headers=key).status_code
    finally:
        opened.close()
    assert {"here.sqlite3", "here.sqlite3-lock"} == names(tmp_path)
