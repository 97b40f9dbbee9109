"""Database files that are damaged, before the start and while the server runs."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import events
from tests.faults.events import Answer
from tests.faults.process import ServerProcess, until

PAGE = 4096


@pytest.fixture
def stopped(tmp_path: Path) -> ServerProcess:
    """A server that took some hundred events and was stopped."""
    chance = random.Random(5)
    with ServerProcess(tmp_path) as server:
        for _ in range(5):
            assert 200 == events.post(server.port, events.batch(chance, 200)).status
        assert 0 == server.stop()
    return server


def garble(file: Path) -> None:
    """Overwrite pages in the middle, and leave the first ones."""
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2 // PAGE * PAGE)
        opened.write(random.Random(6).randbytes(20 * PAGE))


def truncate(file: Path) -> None:
    """Cut the file in half."""
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2 // PAGE * PAGE)


def replace(file: Path) -> None:
    """Another kind of file altogether."""
    file.write_text("events: none\n" * 1000)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "garbled pages": garble,
    "cut in half": truncate,
    "not a database": replace,
}


def refused_start(server: ServerProcess) -> str:
    """Start on data that cannot be used: the one sentence it ends with; the files are as before."""

    def files() -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in server.data.iterdir()}

    before = files()
    server.start()
    assert until(lambda: server.process.poll() is not None), "it started"
    assert 1 == server.process.returncode
    said = server.log.read_text().strip().splitlines()[-1]
    assert said.startswith("djangalytics-server: ")
    assert "Traceback" not in server.log.read_text()
    after = files()
    assert before == {name: after[name] for name in before}
    return said


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_refused_at_start(
    stopped: ServerProcess, damage: Callable[[Path], None]
) -> None:
    """The start ends with a sentence that names the file and says what to do; nothing changes."""
    damage(stopped.file)
    said = refused_start(stopped)
    assert f"{stopped.file} is damaged or not a SQLite database" in said
    assert "Restore a copy" in said


def test_an_emptied_file_beside_a_full_log_is_refused(tmp_path: Path) -> None:
    """Zero bytes where the log says there were events: no new database is put in its place."""
    with ServerProcess(tmp_path) as server:
        assert 201 == events.post(server.port, events.single(random.Random(7))).status
        server.kill()
    log = server.file.with_name(server.file.name + "-wal")
    assert log.read_bytes()
    server.file.write_bytes(b"")
    assert log.name in refused_start(server)
    server.file.unlink()
    assert log.name in refused_start(server)


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    """Zero bytes and no log, as `touch` leaves them: a new server's data."""
    server = ServerProcess(tmp_path)
    server.data.mkdir()
    server.file.touch()
    with server:
        assert 201 == events.post(server.port, events.single(random.Random(8))).status
        assert 0 == server.stop()


def sane(answer: Answer) -> None:
    """Taken, or a 503 that asks to come again and says nothing of the file."""
    if answer.status in (200, 201):
        return
    assert (503, "application/problem+json") == (answer.status, answer.headers["content-type"])
    assert int(answer.headers["retry-after"]) > 0
    assert "sqlite" not in str(answer.body).lower()


@pytest.mark.parametrize("damage", [garble, truncate], ids=["garbled pages", "cut in half"])
def test_damage_while_running_is_a_503_and_never_a_crash(
    stopped: ServerProcess, damage: Callable[[Path], None]
) -> None:
    """Captures, pages, counts and health are answered, with what is readable or with 503; no
    answer is a 500, and the server stops when it is told to.
    """
    chance = random.Random(9)
    with stopped as server:
        damage(server.file)
        for _ in range(5):
            for request in (events.single(chance), events.batch(chance, 200)):
                sane(events.post(server.port, request))
        for path in ("/readyz", "/api/limits/", "/"):
            sane(events.get(server.port, path))
        assert 200 == events.get(server.port, "/healthz").status
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


def test_a_replaced_file_is_found_at_the_next_start(stopped: ServerProcess) -> None:
    """A sound database that is not one of ours is told from a damaged one."""
    stopped.file.unlink()
    connection = sqlite3.connect(stopped.file)
    connection.execute("CREATE TABLE other (id INTEGER)")
    connection.close()
    assert "not one of Djangalytics" in refused_start(stopped)
