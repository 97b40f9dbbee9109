"""`djangalytics-server backup` and `restore`: beside a running server, and with damaged files."""

from __future__ import annotations

import math
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from djangalytics_server import app
from djangalytics_server.cli.commands import cli
from djangalytics_server.config import DATABASE_FILE, Settings
from djangalytics_server.store import files
from tests.helpers import running_server
from tests.server.old_files import revision_1
from tests.server.test_cli import PATIENCE, run
from tests.server.test_schema import names, sql
from tests.server.test_upgrade import HOLDS_OPEN


def call(command: str, file: Path, data: Path, *more: str) -> Result:
    """The command in this process."""
    return CliRunner().invoke(cli, [command, str(file), "--data", str(data), *more])


def put(file: Path, *insert_ids: str) -> None:
    """Add events as rows; what is restored is compared by them."""
    for one in insert_ids:
        sql(
            file,
            "INSERT INTO events (project_id, insert_id, event_name, timestamp, received_at,"
            f" properties) VALUES (1, '{one}', 'x', 1, 1, '{{}}')",
        )


def ids(file: Path) -> list[str]:
    return [str(one) for (one,) in sql(file, "SELECT insert_id FROM events ORDER BY id")]


@pytest.fixture
def data(template: Path, tmp_path: Path) -> Path:
    """A stopped server's folder with one event."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy2(template, folder / DATABASE_FILE)
    put(folder / DATABASE_FILE, "first")
    return folder


def test_a_running_server_is_backed_up_and_restored(tmp_path: Path) -> None:
    """Events go on arriving meanwhile; what was answered before is in the backup, and is there
    again after the restore.
    """
    copy = tmp_path / "copy.sqlite3"
    with running_server(tmp_path) as server:
        where = ("--data", str(server.data))
        url = f"{server.url}/api/capture_event/"
        for number in range(20):
            event = {"event_name": "before", "insert_id": f"before-{number}"}
            assert 201 == requests.post(url, json=event, timeout=PATIENCE).status_code
        ended = threading.Event()

        def go_on() -> None:
            while not ended.is_set():
                requests.post(url, json={"event_name": "meanwhile"}, timeout=PATIENCE)

        sender = threading.Thread(target=go_on)
        sender.start()
        try:
            made = run("backup", str(copy), *where)
        finally:
            ended.set()
            sender.join()
        assert (0, "") == (made.returncode, made.stderr)
        assert "verified" in made.stdout
        refused = run("restore", str(copy), *where)
        assert 1 == refused.returncode
        assert "Another process has" in refused.stderr
    file = server.data / DATABASE_FILE
    put(file, "later")
    restored = run("restore", str(copy), *where)
    assert 0 == restored.returncode, restored.stderr
    assert 20 == sum(one.startswith("before-") for one in ids(file))
    assert "later" not in ids(file)
    (aside,) = server.data.glob("*.replaced-*")
    assert "later" in ids(aside)
    assert 0 == run("check", *where).returncode
    with running_server(tmp_path) as server:
        answer = requests.post(url_of(server.url), json={"event_name": "after"}, timeout=PATIENCE)
        assert 201 == answer.status_code


def url_of(server: str) -> str:
    return f"{server}/api/capture_event/"


def test_a_backup_is_private_and_whole(data: Path, tmp_path: Path) -> None:
    """One file with mode 0600 and nothing beside it; the data is untouched."""
    folder = tmp_path / "backups"
    folder.mkdir()
    before = (data / DATABASE_FILE).read_bytes()
    assert 0 == call("backup", folder / "b", data).exit_code
    assert {"b"} == names(folder)
    assert 0o600 == stat.S_IMODE((folder / "b").stat().st_mode)
    assert before == (data / DATABASE_FILE).read_bytes()
    assert ["first"] == ids(folder / "b")


def test_a_file_that_is_there_is_kept(data: Path, tmp_path: Path) -> None:
    """Unless --force says otherwise."""
    copy = tmp_path / "copy"
    copy.write_text("precious")
    refused = call("backup", copy, data)
    assert 1 == refused.exit_code
    assert "add --force" in refused.stderr
    assert "precious" == copy.read_text()
    assert 0 == call("backup", copy, data, "--force").exit_code
    assert ["first"] == ids(copy)
    assert 1 == call("backup", data / DATABASE_FILE, data, "--force").exit_code


def test_no_backup_is_made_of_a_damaged_file(data: Path, tmp_path: Path) -> None:
    """What cannot be proved gets no name."""
    file = data / DATABASE_FILE
    content = bytearray(file.read_bytes())
    [(page,)] = sql(file, "SELECT rootpage FROM sqlite_master WHERE name = 'sessions'")
    content[4_096 * (page - 1) : 4_096 * page] = b"\xff" * 4_096
    file.write_bytes(content)
    refused = call("backup", tmp_path / "copy", data)
    assert 1 == refused.exit_code
    assert "Traceback" not in refused.output
    assert {"data"} == names(tmp_path)


def test_without_room_no_backup_is_begun(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says how much is needed, which is the file's size and a little, and where."""
    monkeypatch.setattr(files, "free_bytes", lambda folder: 1_000_000)
    size = sum((data / name).stat().st_size for name in names(data))
    needed = math.ceil((size + 16 * 1024 * 1024) / 1_000_000)
    refused = call("backup", tmp_path / "copy", data)
    assert 1 == refused.exit_code
    assert f"needs {needed} MB in {tmp_path}, where 1 MB are free" in refused.stderr


def test_a_backup_of_no_data_is_refused(tmp_path: Path) -> None:
    """No file is made of nothing."""
    assert "There is no data at" in call("backup", tmp_path / "copy", tmp_path / "none").stderr
    assert set() == names(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no database" * 1_000, None])
def test_a_damaged_backup_is_not_restored(
    data: Path, tmp_path: Path, content: bytes | None
) -> None:
    """Empty, something else, or cut short: the data stays as it is."""
    copy = tmp_path / "copy"
    whole = (data / DATABASE_FILE).read_bytes()
    copy.write_bytes(whole[: 4_096 * 7] if content is None else content)
    refused = call("restore", copy, data)
    assert 1 == refused.exit_code, refused.output
    assert whole == (data / DATABASE_FILE).read_bytes()
    assert {DATABASE_FILE, f"{DATABASE_FILE}-lock"} >= names(data)


def test_another_program_s_or_a_newer_file_is_not_restored(data: Path, tmp_path: Path) -> None:
    """It says which of the two it is."""
    copy = tmp_path / "copy"
    sql(copy, "CREATE TABLE notes (text)")
    assert "not a backup of Djangalytics" in call("restore", copy, data).stderr
    shutil.copy2(data / DATABASE_FILE, copy)
    sql(copy, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer Djangalytics" in call("restore", copy, data).stderr
    assert ["first"] == ids(data / DATABASE_FILE)


def test_nothing_is_restored_under_a_reader(data: Path, tmp_path: Path) -> None:
    """Any program that has the data open stops it."""
    copy = tmp_path / "copy"
    call("backup", copy, data)
    put(data / DATABASE_FILE, "second")
    reader = subprocess.Popen(
        [sys.executable, "-c", HOLDS_OPEN, str(data / DATABASE_FILE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert reader.stdout is not None
    assert b"open\n" == reader.stdout.readline()
    refused = call("restore", copy, data)
    reader.communicate(b"done\n")
    assert 1 == refused.exit_code
    assert "Another process has" in refused.stderr
    assert ["first", "second"] == ids(data / DATABASE_FILE)
    assert 0 == call("restore", copy, data).exit_code
    assert ["first"] == ids(data / DATABASE_FILE)


@pytest.mark.parametrize("damage", [b"\xff" * 8_192, b""])
def test_a_damaged_file_is_replaced_and_kept(data: Path, tmp_path: Path, damage: bytes) -> None:
    """That is what a backup is for; a log that is left goes with it."""
    copy = tmp_path / "copy"
    call("backup", copy, data)
    file = data / DATABASE_FILE
    file.write_bytes(damage)
    (data / f"{DATABASE_FILE}-wal").write_bytes(b"old log")
    done = call("restore", copy, data)
    assert 0 == done.exit_code, done.output
    assert ["first"] == ids(file)
    assert [("wal",)] == sql(file, "PRAGMA journal_mode")
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_a_lost_folder_is_restored(data: Path, tmp_path: Path) -> None:
    """Where there is nothing, nothing is kept aside."""
    copy = tmp_path / "copy"
    call("backup", copy, data)
    shutil.rmtree(data)
    assert 0 == call("restore", copy, data).exit_code
    assert {DATABASE_FILE, f"{DATABASE_FILE}-lock"} == names(data)
    assert ["first"] == ids(data / DATABASE_FILE)


def test_an_older_backup_is_upgraded_at_the_next_start(data: Path, tmp_path: Path) -> None:
    """As the data itself would have been."""
    copy = shutil.copy2(revision_1(tmp_path / "old"), tmp_path / "copy")
    assert 0 == call("restore", Path(copy), data).exit_code
    app.prepare(Settings(data=data))
    assert 200 == len(ids(data / DATABASE_FILE))


@pytest.mark.parametrize(("command", "program"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_postgresql_has_its_own_programs(tmp_path: Path, command: str, program: str) -> None:
    """The exact line is said, without the password."""
    url = "postgresql+psycopg://ann:secret@db.example:5432/events"
    said = CliRunner().invoke(cli, [command, str(tmp_path / "f"), "--database-url", url])
    assert 1 == said.exit_code
    assert f"{program} --" in said.stderr
    assert "db.example:5432/events" in said.stderr
    assert "secret" not in said.stderr
