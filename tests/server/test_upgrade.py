"""An older file is copied, then brought to this version's schema, whatever happens meanwhile."""

from __future__ import annotations

import json
import logging
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from djangalytics_server import app
from djangalytics_server.catalog import secrets
from djangalytics_server.config import DATABASE_FILE, Settings
from djangalytics_server.errors import StartError
from djangalytics_server.http.cookies import COOKIE
from djangalytics_server.store import backup, files, revision
from tests.helpers import server_environment
from tests.server.old_files import at_revision, definitions, recounted, revision_1
from tests.server.test_schema import names, sql

EVENTS = "SELECT id, insert_id, event_name, timestamp, properties FROM events ORDER BY id"


def copies(folder: Path) -> list[Path]:
    """The copies that upgrades made."""
    return sorted(folder.glob(f"{DATABASE_FILE}.before-*"))


def test_a_file_of_the_first_revision_is_upgraded(tmp_path: Path) -> None:
    """Its events stay, and its definitions are what a recount of them gives."""
    file = revision_1(tmp_path)
    events = sql(file, EVENTS)
    assert app.prepare(Settings(data=tmp_path)) is None
    assert [(revision.HEAD,)] == sql(file, "SELECT version_num FROM alembic_version")
    assert events == sql(file, EVENTS)
    assert recounted(file) == definitions(file)
    assert len(definitions(file)[1]) > 10


def test_the_upgraded_file_serves(tmp_path: Path) -> None:
    """New events go on where the old ones end, in every table."""
    file = revision_1(tmp_path)
    app.prepare(Settings(data=tmp_path))
    server = app.create_app(Settings(data=tmp_path))
    try:
        event = {"event_name": "signup", "properties": {"plan": 7}}
        assert 201 == server.test_client().post("/api/capture_event/", json=event).status_code
    finally:
        server.close()
    assert recounted(file) == definitions(file)


def test_the_file_as_it_was_stays_beside_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Before anything is changed a copy is made, for its owner alone; the log says where it is."""
    file = revision_1(tmp_path)
    before = sql(file, EVENTS)
    with caplog.at_level(logging.WARNING):
        app.prepare(Settings(data=tmp_path))
    (copy,) = copies(tmp_path)
    assert re.fullmatch(rf"{DATABASE_FILE}\.before-{revision.HEAD}-\d{{8}}T\d{{6}}Z", copy.name)
    assert str(copy) in caplog.text
    assert 0o600 == stat.S_IMODE(copy.stat().st_mode)
    assert [("0001",)] == sql(copy, "SELECT version_num FROM alembic_version")
    assert before == sql(copy, EVENTS)
    assert {file.name, f"{file.name}-lock", copy.name} == names(tmp_path)


def test_what_is_only_in_the_log_is_in_the_copy(tmp_path: Path) -> None:
    """A server that was killed leaves commits in the -wal file: the copy has them."""
    file = revision_1(tmp_path)
    dies = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "c.execute(\"INSERT INTO projects VALUES (2, 'Second', 'UTC', 0, 0)\")\n"
        "c.commit()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", dies, str(file)], check=False)
    assert -signal.SIGKILL == killed.returncode
    assert f"{file.name}-wal" in names(tmp_path)
    app.prepare(Settings(data=tmp_path))
    (copy,) = copies(tmp_path)
    assert [(2,)] == sql(copy, "SELECT count(*) FROM projects")


def test_without_room_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says how much is needed and where; the file is as it was."""
    file = revision_1(tmp_path)
    before = file.read_bytes()
    monkeypatch.setattr(files, "free_bytes", lambda folder: 5_000_000)
    with pytest.raises(StartError, match=rf"needs 17 MB in {tmp_path}, where 5 MB are free"):
        app.prepare(Settings(data=tmp_path))
    assert before == file.read_bytes()
    assert {file.name, f"{file.name}-lock"} == names(tmp_path)


def test_a_file_in_use_is_not_upgraded(tmp_path: Path) -> None:
    """Another process that has it open, such as an older server, would go on in the old way."""
    file = revision_1(tmp_path)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS_OPEN, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert b"open\n" == other.stdout.readline()
    try:
        with pytest.raises(StartError, match="another process has the file open"):
            app.prepare(Settings(data=tmp_path))
    finally:
        other.communicate(b"done\n")
    assert [("0001",)] == sql(file, "SELECT version_num FROM alembic_version")
    assert [] == copies(tmp_path)


HOLDS_OPEN = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT * FROM events").fetchone()
print("open", flush=True)
sys.stdin.readline()
"""


def test_a_migration_that_fails_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table in the way stops it: old rows, old schema, no copy left, and a sentence."""
    file = revision_1(tmp_path)
    sql(file, "CREATE TABLE property_definitions (mine)")
    before = sql(file, "SELECT name FROM sqlite_master ORDER BY name")
    with pytest.raises(StartError, match="property_definitions already exists"):
        app.prepare(Settings(data=tmp_path))
    assert before == sql(file, "SELECT name FROM sqlite_master ORDER BY name")
    assert [] == copies(tmp_path)


def test_the_upgrade_is_one_transaction(tmp_path: Path) -> None:
    """Tables, counts and version are between one BEGIN IMMEDIATE and one COMMIT."""
    said = statements(revision_1(tmp_path))
    writes = [
        place
        for place, words in enumerate(said)
        if re.match("CREATE|ALTER|INSERT|UPDATE|DELETE|DROP", words.lstrip())
    ]
    begin = max(place for place in range(writes[0]) if said[place] == "BEGIN IMMEDIATE")
    end = said.index("COMMIT", begin)
    assert len(writes) >= 7
    assert writes[-1] < end
    assert "version_num" in said[writes[-1]]
    assert not [words for words in said[begin + 1 : end] if words.startswith(("BEGIN", "COMMIT"))]


def statements(file: Path) -> list[str]:
    """Every statement that an upgrade of the file runs, in order."""
    ran = subprocess.run(
        [sys.executable, "-c", TRACES, str(file.parent)],
        env=server_environment(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return list(json.loads(ran.stdout))


TRACES = """
import json, pathlib, sqlite3, sys
from djangalytics_server import app
from djangalytics_server.config import Settings
said, connect = [], sqlite3.connect
def traced(*arguments, **more):
    connection = connect(*arguments, **more)
    connection.set_trace_callback(said.append)
    return connection
sqlite3.connect = sqlite3.dbapi2.connect = traced
app.prepare(Settings(data=pathlib.Path(sys.argv[1])))
print(json.dumps(said))
"""

# One process that has imported everything forks once for every statement; the child is killed as
# it begins that statement, of whichever connection.
KILLS = """
import os, pathlib, shutil, signal, sqlite3, sys
from alembic import command
from djangalytics_server import app
from djangalytics_server.config import Settings
from djangalytics_server.store import upgrade
original, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
connect = sqlite3.connect

def run(data, last):
    seen = 0
    def count(_statement):
        nonlocal seen
        seen += 1
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)
    def traced(*arguments, **more):
        connection = connect(*arguments, **more)
        connection.set_trace_callback(count)
        return connection
    sqlite3.connect = sqlite3.dbapi2.connect = traced
    app.prepare(Settings(data=data))
    # What runs at the child's end, such as coverage's own database, is not the upgrade.
    sqlite3.connect = sqlite3.dbapi2.connect = connect

last = 0
while True:
    last += 1
    data = folder / str(last)
    shutil.copytree(original, data)
    child = os.fork()
    if not child:
        run(data, last)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
print(last)
"""


@pytest.mark.slow
def test_killed_at_any_statement_it_is_wholly_old_or_wholly_new(tmp_path: Path) -> None:
    """After each kill the file is sound, has every event and one schema; the next start ends it.

    Most kills leave the very same bytes behind, for what is not committed is not in the files: of
    those one is started anew, and the others need only be the same.
    """
    file = revision_1(tmp_path / "original", events=40)
    events, truth = sql(file, EVENTS), recounted(file)
    folder = tmp_path / "killed"
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLS, str(file.parent), str(folder)],
        env=server_environment(),
        stdout=subprocess.PIPE,
        check=True,
    )
    last = int(ran.stdout)
    assert 60 < last < 200
    revisions = []
    known: dict[object, str] = {}
    for number in range(1, last + 1):  # the last one ran to its end
        killed = folder / str(number) / DATABASE_FILE
        left = left_behind(killed.parent)
        if left in known:
            revisions.append(known[left])
            continue
        known[left] = state(killed, events, truth)
        revisions.append(known[left])
        assert app.prepare(Settings(data=killed.parent)) is None
        assert revision.HEAD == state(killed, events, truth)
        assert not [name for name in names(killed.parent) if "unfinished" in name]
        for copy in copies(killed.parent):
            assert "0001" == state(copy, events, truth)
        shutil.rmtree(killed.parent)
    assert {"0001", revision.HEAD} == set(revisions)
    assert sorted(revisions) == revisions
    assert 8 <= len(known) < last


def left_behind(folder: Path) -> frozenset[tuple[str, bytes]]:
    """Each file's name and bytes, without the second and the process that are in some names."""
    return frozenset(
        (re.sub(r"\d{8}T\d{6}Z|(?<=unfinished-)\d+", "", file.name), file.read_bytes())
        for file in folder.iterdir()
    )


def state(file: Path, events: list[tuple[Any, ...]], truth: object) -> str:
    """The revision of a file that is sound, holds these events, and is of one revision in all."""
    assert [("ok",)] == sql(file, "PRAGMA integrity_check")
    assert events == sql(file, EVENTS)
    [(revision,)] = sql(file, "SELECT version_num FROM alembic_version")
    tables = {name for (name,) in sql(file, "SELECT name FROM sqlite_master")}
    columns = {row[1] for row in sql(file, "PRAGMA table_info(rejected_events)")}
    new = revision != "0001"
    assert new == ("event_definitions" in tables) == ("property_definitions" in tables)
    assert new == ("sent_at" in columns) == ("insert_id" in columns)
    assert not new or truth == definitions(file)
    return str(revision)


def test_a_copy_that_differs_is_refused(tmp_path: Path) -> None:
    """The proof of a copy counts the rows of every table."""
    file = revision_1(tmp_path)
    rows = backup.verify(file)
    sql(file, "DELETE FROM events WHERE id = 1")
    with pytest.raises(StartError, match="differs from its source in events"):
        backup.verify(file, rows)


def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    """The proof of a copy reads all of it."""
    file = revision_1(tmp_path)
    content = bytearray(file.read_bytes())
    [(page,)] = sql(file, "SELECT rootpage FROM sqlite_master WHERE name = 'events'")
    content[4_096 * (page - 1) : 4_096 * page] = b"\xff" * 4_096
    file.write_bytes(content)
    with pytest.raises(StartError, match="is damaged"):
        backup.verify(file)


def test_a_copy_is_of_one_moment(tmp_path: Path) -> None:
    """Rows that are committed while the copy is made are not in it, in no table."""
    file = revision_1(tmp_path, events=20_000)
    writer = sqlite3.connect(file)
    written = []

    def write(_done: int, _of: int) -> None:
        with writer:
            number = 2 + len(written)
            writer.execute("INSERT INTO projects VALUES (?, 'Later', 'UTC', 0, 0)", (number,))
        written.append(number)

    try:
        copied = backup.copy(file, tmp_path / "copy.sqlite3", progress=write)
    finally:
        writer.close()
    assert written
    assert (1, 20_000) == (copied.rows["projects"], copied.rows["events"])
    assert [(1,)] == sql(copied.path, "SELECT count(*) FROM projects")


def test_events_by_columns_are_let_go_of_and_made_again(tmp_path: Path) -> None:
    """As a version laid them down that no other reads; the events are what they were."""
    file = at_revision(tmp_path, "0021")
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("INSERT INTO blocks VALUES (1, 16384)")
        connection.execute("INSERT INTO block_projects VALUES (1, 1, 0, 0, 0, x'00')")
        connection.execute("INSERT INTO block_columns VALUES (1, 'field source', 1, x'00')")
        connection.execute("INSERT INTO block_people VALUES (1, 7, 1, x'00')")
        connection.execute("INSERT INTO block_days VALUES (1, 7, x'00', x'00')")
    connection.close()
    app.prepare(Settings(data=tmp_path))
    for table in ("blocks", "block_projects", "block_columns", "block_people", "block_days"):
        assert [(0,)] == sql(file, f"SELECT count(*) FROM {table}")


def test_who_was_there_before_there_were_roles_owns_everything(tmp_path: Path) -> None:
    """Projects and people of a file from before are in one organisation afterwards; sessions,
    links and keys go on working.
    """
    file = at_revision(tmp_path, "0006")
    cookie, token = "cookie-of-before", "link-of-before"
    connection = sqlite3.connect(file)
    with connection:
        for number, name in ((1, "My project"), (2, "Second")):
            connection.execute("INSERT INTO projects VALUES (?, ?, 'UTC', 0, 5)", (number, name))
        connection.execute("INSERT INTO users VALUES (1, 'Owner', 'owner', 5)")
        connection.execute(
            "INSERT INTO sessions VALUES (?, 1, 1, 5, ?)", (secrets.digest(cookie), 2**62)
        )
        connection.execute(
            "INSERT INTO login_links VALUES (?, 1, 1, ?)", (secrets.digest(token), 2**62)
        )
    connection.close()
    settings = Settings(data=tmp_path)
    app.prepare(settings)
    server = app.create_app(settings)
    try:
        browser = server.test_client()
        browser.set_cookie(COOKIE, cookie)
        session = browser.get("/api/session/").json
        assert ("Owner", "owner") == (session["user"]["name"], session["role"])
        assert [("My project", 1), ("Second", 1)] == [
            (project["name"], project["organisation"]["id"]) for project in session["projects"]
        ]
        assert 303 == server.test_client().get(f"/login/{token}").status_code
    finally:
        server.close()
