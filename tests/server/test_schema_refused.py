"""Files that are not a sound database of this version: refused with words, and left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from djangalytics_server import app
from djangalytics_server.config import DATABASE_FILE, Settings
from djangalytics_server.errors import StartError
from djangalytics_server.store import upgrade
from tests.server.test_schema import sql


def refused(data: Path) -> str:
    """The sentence a start ends with; the file is as it was."""
    file = data / DATABASE_FILE
    before = file.read_bytes()
    with pytest.raises(StartError) as caught:
        app.prepare(Settings(data=data))
    assert before == file.read_bytes()
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("content", [b"hello, this is no database" * 100, b"\0" * 5_000])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """It stays as it is, and the sentence says what to do."""
    (tmp_path / DATABASE_FILE).write_bytes(content)
    assert "is damaged or not a SQLite database" in refused(tmp_path)


def test_a_damaged_database_is_refused(template: Path, tmp_path: Path) -> None:
    """A page that was overwritten is noticed before anything is written."""
    content = bytearray(template.read_bytes())
    content[4_096 * 3 : 4_096 * 6] = b"\xff" * 4_096 * 3
    (tmp_path / DATABASE_FILE).write_bytes(content)
    assert "is damaged" in refused(tmp_path)


def test_a_cut_database_is_refused(template: Path, tmp_path: Path) -> None:
    """So is one whose end is missing."""
    (tmp_path / DATABASE_FILE).write_bytes(template.read_bytes()[: 4_096 * 5])
    assert "is damaged" in refused(tmp_path)


def test_somebody_else_s_database_is_refused(tmp_path: Path) -> None:
    """A sound SQLite file of another program is left alone."""
    sql(tmp_path / DATABASE_FILE, "CREATE TABLE notes (text)")
    assert "but not one of Djangalytics" in refused(tmp_path)


def test_an_empty_version_table_is_somebody_else_s(tmp_path: Path) -> None:
    """A file of another program that uses Alembic is not ours either."""
    sql(tmp_path / DATABASE_FILE, "CREATE TABLE alembic_version (version_num VARCHAR(32))")
    assert "but not one of Djangalytics" in refused(tmp_path)


def test_a_newer_database_is_refused(template: Path, tmp_path: Path) -> None:
    """The sentence says to upgrade the program."""
    shutil.copy2(template, tmp_path / DATABASE_FILE)
    sql(tmp_path / DATABASE_FILE, "UPDATE alembic_version SET version_num = '9999'")
    sentence = refused(tmp_path)
    assert "newer Djangalytics" in sentence
    assert "pip install --upgrade" in sentence


def test_a_large_database_is_not_read_through_at_every_start(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the size that takes a moment, the file is believed."""
    content = bytearray(template.read_bytes())
    [(page,)] = sql(template, "SELECT rootpage FROM sqlite_master WHERE name = 'sessions'")
    content[4_096 * (page - 1) : 4_096 * page] = b"\xff" * 4_096
    (tmp_path / DATABASE_FILE).write_bytes(content)
    assert "is damaged" in refused(tmp_path)
    monkeypatch.setattr(upgrade, "CHECKED_BYTES", 1_000)
    assert app.prepare(Settings(data=tmp_path)) is None
