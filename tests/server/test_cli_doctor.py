"""`djangalytics-server doctor`: each thing that can be wrong is named, with what mends it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from djangalytics_server.cli.commands import cli
from djangalytics_server.config import DATABASE_FILE
from djangalytics_server.store import examine, files, rollups
from djangalytics_server.store.schema import ensure_schema
from tests.helpers import running_server
from tests.server.house import House
from tests.server.old_files import revision_1
from tests.server.test_cli import run
from tests.server.test_schema import names, sql
from tests.server.test_upgrade import HOLDS_OPEN


def doctor(data: Path, *more: str) -> Result:
    """The command in this process."""
    return CliRunner().invoke(cli, ["doctor", "--data", str(data), *more])


def findings(data: Path, *more: str) -> dict[str, dict[str, Any]]:
    """Name -> finding; the exit code says whether any of them is wrong."""
    ended = doctor(data, "--json", *more)
    found = {one["name"]: one for one in json.loads(ended.stdout)}
    wrong = any(one["state"] == "wrong" for one in found.values())
    assert wrong == bool(ended.exit_code)
    return found


def wrong(data: Path, *more: str) -> dict[str, str]:
    """Name -> what mends it, of what is wrong."""
    found = findings(data, *more)
    return {name: one["mend"] for name, one in found.items() if one["state"] == "wrong"}


@pytest.fixture
def data(template: Path, tmp_path: Path) -> Path:
    """A stopped server's folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy2(template, folder / DATABASE_FILE)
    return folder


def test_a_sound_installation_is_fine(data: Path) -> None:
    """Nothing wrong, nothing changed, and everything looked at."""
    before, listed = (data / DATABASE_FILE).read_bytes(), names(data)
    assert {} == wrong(data)
    assert {} == wrong(data, "--deep")
    assert before == (data / DATABASE_FILE).read_bytes()
    assert listed | {f"{DATABASE_FILE}-lock"} >= names(data)
    assert "counts" in findings(data, "--deep")
    shown = doctor(data)
    assert 0 == shown.exit_code
    assert "WRONG" not in shown.stdout


def test_it_looks_beside_a_running_server(tmp_path: Path) -> None:
    """And leaves it running."""
    with running_server(tmp_path) as server:
        found = run("doctor", "--deep", "--data", str(server.data))
        assert (0, "") == (found.returncode, found.stderr)


def test_a_file_that_is_open_elsewhere_is_said(data: Path) -> None:
    """It is no fault."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS_OPEN, str(data / DATABASE_FILE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    assert b"open\n" == other.stdout.readline()
    used = findings(data)["processes"]
    other.communicate(b"done\n")
    assert ("fine", "a server or another program has the file open") == (
        used["state"],
        used["says"],
    )
    assert "nobody has the file open" == findings(data)["processes"]["says"]


def test_no_data_is_wrong(tmp_path: Path) -> None:
    """And none is made."""
    assert ["data"] == list(wrong(tmp_path / "none"))
    assert set() == names(tmp_path)


def test_open_modes_are_wrong(data: Path) -> None:
    """The command that closes them is said, and does."""
    file = data / DATABASE_FILE
    file.chmod(0o644)
    mend = wrong(data)
    assert {"file modes": f"chmod 600 {file}"} == mend
    subprocess.run(mend["file modes"].split(), check=True)
    assert {} == wrong(data)


def test_a_damaged_file_is_wrong(data: Path) -> None:
    """A page that was overwritten, and a file that is none."""
    file = data / DATABASE_FILE
    content = bytearray(file.read_bytes())
    [(page,)] = sql(file, "SELECT rootpage FROM sqlite_master WHERE name = 'sessions'")
    content[4_096 * (page - 1) : 4_096 * page] = b"\xff" * 4_096
    file.write_bytes(content)
    assert "djangalytics-server restore" in wrong(data)["integrity"]
    file.write_bytes(b"no database" * 1_000)
    assert "djangalytics-server restore" in wrong(data, "--deep")["integrity"]


def test_another_journal_mode_is_wrong(data: Path) -> None:
    """The server sets it when it makes the file, not at every start."""
    sql(data / DATABASE_FILE, "PRAGMA journal_mode=DELETE")
    assert ["journal mode"] == list(wrong(data))


def test_a_schema_of_another_version_is_said(data: Path, tmp_path: Path) -> None:
    """A newer one is wrong, an older one is upgraded at the next start and not by the doctor."""
    sql(data / DATABASE_FILE, "UPDATE alembic_version SET version_num = '9999'")
    assert "pip install --upgrade" in wrong(data)["schema"]
    old = revision_1(tmp_path / "old")
    assert "note" == findings(old.parent, "--deep")["schema"]["state"]
    assert [("0001",)] == sql(old, "SELECT version_num FROM alembic_version")
    sql(data / DATABASE_FILE, "DROP TABLE alembic_version")
    assert ["schema"] == list(wrong(data))


def test_wrong_counts_are_found_by_looking_deep(data: Path) -> None:
    """The command that mends them is said."""
    sql(data / DATABASE_FILE, "INSERT INTO event_counts VALUES (1, 900, 900, 'never', 3)")
    assert {} == wrong(data)
    assert {"counts": "djangalytics-server check --repair"} == wrong(data, "--deep")


def test_a_full_disk_is_wrong(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is full to the last byte."""
    monkeypatch.setattr(files, "free_bytes", lambda folder: 50_000_000)
    assert ["disk"] == list(wrong(data))


def test_what_lies_about_is_noted(data: Path) -> None:
    """What killed starts left, and copies that may go."""
    for name in ("new-7", "before-0002-x", "before-0002-x.unfinished-7"):
        (data / f"{DATABASE_FILE}.{name}").touch()
    found = findings(data)
    assert "new-7" in found["leftover files"]["mend"]
    assert "before-0002-x" in found["copies"]["mend"]


def test_refused_events_of_the_last_day_are_noted(house: House) -> None:
    """By reason."""
    house.batch({}, {}, 7)
    found = findings(house.settings.data)["refused events"]
    assert "in the last day: 2 event_name_missing, 1 not_an_object" == found["says"]


def test_a_full_number_of_properties_is_noted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then new ones are not listed."""
    house.capture({"event_name": "x", "properties": {"a": 1, "b": 2}})
    assert "fine" == findings(house.settings.data)["property definitions"]["state"]
    monkeypatch.setattr(rollups, "MOST_PROPERTIES", 2)
    assert "note" == findings(house.settings.data)["property definitions"]["state"]


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)
def test_versions_with_the_bug_are_known(version: tuple[int, ...], has_it: bool) -> None:
    """It is said which they are, and why it does no harm here."""
    says = examine.sqlite_version(version).says
    assert has_it == ("WAL-reset bug" in says)
    assert has_it == ("harmless" in says)


def test_a_postgresql_is_asked_for_its_settings(request: pytest.FixtureRequest) -> None:
    """Version, schema, and what durability rests on; without fsync it is wrong."""
    from tests import postgres

    if postgres.missing():
        pytest.skip(str(postgres.missing()))
    url = request.getfixturevalue("postgres_server").make_database("doctor")
    ensure_schema(url, lambda _connection: None)
    ended = CliRunner().invoke(cli, ["doctor", "--deep", "--json", "--database-url", url])
    found = {one["name"]: one for one in json.loads(ended.stdout)}
    assert found["database"]["says"].startswith("PostgreSQL ")
    assert {"fsync", "full_page_writes", "synchronous_commit", "schema"} <= set(found)
    assert "fine" == found["schema"]["state"]
    assert ("on" == found["fsync"]["says"]) == ("fine" == found["fsync"]["state"])
    assert ("counts" in found) == (ended.exit_code == 0)


def test_a_postgresql_that_does_not_answer_is_wrong() -> None:
    """In a sentence, without the password."""
    url = "postgresql+psycopg://ann:secret@127.0.0.1:1/events"
    ended = CliRunner().invoke(cli, ["doctor", "--database-url", url])
    assert 1 == ended.exit_code
    assert "WRONG  database" in ended.stdout
    assert "secret" not in ended.output
