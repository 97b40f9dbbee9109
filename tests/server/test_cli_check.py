"""`djangalytics-server check`: true, wrong, repaired, and beside a running server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from djangalytics_server.cli.commands import cli
from djangalytics_server.config import DATABASE_FILE
from tests.helpers import running_server
from tests.server.test_cli import PATIENCE, run
from tests.server.test_schema import sql


def check(data: Path, *more: str) -> Result:
    """The command in this process."""
    return CliRunner().invoke(cli, ["check", "--data", str(data), *more])


@pytest.fixture(scope="module")
def filled(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few events in it."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy2(template, folder / DATABASE_FILE)
    with running_server(folder, "--data", str(folder)) as server:
        events = [{"event_name": f"e{n % 3}", "properties": {"n": n}} for n in range(30)]
        answer = requests.post(
            f"{server.url}/api/capture_batch/", json={"events": events}, timeout=PATIENCE
        )
        assert 200 == answer.status_code
        beside = run("check", "--data", str(folder))
        assert (0, "") == (beside.returncode, beside.stderr)
        assert 8 == beside.stdout.count(" true ")
    return folder


@pytest.fixture
def data(filled: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(filled, tmp_path / "data"))


def test_what_is_true_is_called_true(data: Path) -> None:
    """One line a table and exit code 0; the file stays as it is."""
    before = (data / DATABASE_FILE).read_bytes()
    found = check(data)
    assert 0 == found.exit_code
    assert ["true"] * 8 == [line.split()[1] for line in found.stdout.splitlines()]
    assert before == (data / DATABASE_FILE).read_bytes()


def test_what_is_wrong_is_named_and_repaired(data: Path) -> None:
    """Exit code 1 and each wrong row, at most ten of a table; repaired, all is true again."""
    file = data / DATABASE_FILE
    sql(file, "UPDATE event_definitions SET count = 77 WHERE event_name = 'e1'")
    sql(file, "DELETE FROM property_definitions WHERE event_name = 'e2'")
    sql(file, "INSERT INTO event_counts VALUES (1, 900, 900, 'never', 3)")
    found = check(data)
    assert 1 == found.exit_code
    assert "event_name 'e1': count is 77 and should be 10" in found.stdout
    assert "event_name 'e2', property 'n', type 'number': is missing" in found.stdout
    assert "grain 900, bucket 900, event_name 'never': has no events" in found.stdout
    assert "djangalytics-server check --repair" in found.stderr
    repaired = check(data, "--repair")
    assert 0 == repaired.exit_code
    assert "Repaired: 3 rows" in repaired.stdout
    assert 0 == check(data).exit_code


def test_only_the_first_wrong_rows_are_named(data: Path) -> None:
    """A table that is all wrong does not fill the screen."""
    values = ", ".join(f"(1, 900, {900 * n}, 'never', 3)" for n in range(25))
    sql(data / DATABASE_FILE, f"INSERT INTO event_counts VALUES {values}")
    found = check(data).stdout
    assert 10 == found.count("has no events")
    assert "and 15 more" in found


def test_without_data_there_is_nothing_to_check(tmp_path: Path) -> None:
    """A wrong folder is said in a sentence, and not made."""
    found = check(tmp_path / "none")
    assert 1 == found.exit_code
    assert "There is no data at" in found.stderr
    assert [] == list(tmp_path.iterdir())
