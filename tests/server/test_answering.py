"""Heavy questions are answered apart: they end when nobody wants them; few go on at once."""

from __future__ import annotations

import contextlib
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from djangalytics_server.answering.apart import Apart
from djangalytics_server.answering.turns import AT_A_TIME, WAITING
from djangalytics_server.errors import InvalidQuestion, QuestionTimedOut
from djangalytics_server.model.query import EventPage
from djangalytics_server.model.sql import SqlQuestion
from djangalytics_server.store.base import open_store
from tests import postgres
from tests.faults.process import ServerProcess, until

TABLES = ", ".join(f"events {name}" for name in "abcdefgh")
HEAVY = f"select count(*) from {TABLES} where a.properties || b.properties <> 'x'"
"""Years of work over 200 events."""
PATIENCE = 30.0


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server as it is started, with 200 events."""
    flags = ["--dev", "--question-seconds", "60"]
    if request.param == "postgresql":
        if postgres.missing():
            pytest.skip("no PostgreSQL")
        database: postgres.Server = request.getfixturevalue("postgres_server")
        flags += ["--database-url", database.make_database("answering")]
    with ServerProcess(tmp_path_factory.mktemp("answering"), *flags) as running:
        running.ready()
        post(running, "/api/capture_batch/", {"events": [{"event_name": "x"}] * 200})
        yield running


def post(server: ServerProcess, path: str, body: object) -> tuple[int, Any, Any]:
    """Status, JSON and header fields."""
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def begin(server: ServerProcess, sql: str = HEAVY) -> socket.socket:
    """A client who has asked, and waits."""
    body = json.dumps({"sql": sql}).encode()
    head = "POST /api/sql/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    client = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return client


def working(server: ServerProcess) -> list[int]:
    """Processes of the server that look for an answer at this moment, by their processor time."""
    before = _spent(server)
    time.sleep(0.3)
    return [pid for pid, ticks in _spent(server).items() if ticks - before.get(pid, ticks) >= 10]


def _spent(server: ServerProcess) -> dict[int, int]:
    """Ticks by process: those that answer apart."""
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            number = int(folder.name)
            if b"djangalytics_server.answering" not in (folder / "cmdline").read_bytes():
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == server.process.pid:
                found[number] = int(fields[11]) + int(fields[12])
    return found


def test_who_leaves_takes_the_question_along(server: ServerProcess) -> None:
    """Both places are taken by questions without end; their clients close, and both are free."""
    clients = [begin(server) for _ in range(AT_A_TIME)]
    assert until(lambda: len(_spent(server)) == AT_A_TIME, PATIENCE)
    time.sleep(1)
    for client in clients:
        client.close()
    began = time.monotonic()
    status, answer, _ = post(server, "/api/sql/", {"sql": "select count(*) from events"})
    assert (200, [[200]]) == (status, answer["rows"])
    assert time.monotonic() - began < 9  # who waits for a place is sent away after ten seconds
    assert until(lambda: not working(server), PATIENCE)


def test_few_at_once_and_the_others_are_told_when_to_come(server: ServerProcess) -> None:
    """So many are answered, so many wait, the next has 503 with Retry-After; events are taken."""
    clients = [begin(server) for _ in range(AT_A_TIME + WAITING)]
    try:
        time.sleep(1)
        began = time.monotonic()
        status, problem, fields = post(server, "/api/sql/", {"sql": "select 1"})
        assert (503, "question_timeout") == (status, problem["code"])
        assert int(fields["Retry-After"]) > 0
        assert time.monotonic() - began < 5
        batch = {"events": [{"event_name": "y"}]}
        assert 200 == post(server, "/api/capture_batch/", batch)[0]
        light = {"kind": "trends", "series": [{}]}
        assert 200 == post(server, "/api/query/", light)[0]  # which waits for none of them
    finally:
        for client in clients:
            client.close()
    assert until(lambda: post(server, "/api/sql/", {"sql": "select 1"})[0] == 200, PATIENCE)


@pytest.fixture
def apart(template: Path, tmp_path: Path) -> Iterator[Apart]:
    """Answers over an empty file, whose questions have two seconds."""
    file = tmp_path / "data.sqlite3"
    file.write_bytes(template.read_bytes())
    url = f"sqlite:///{file}"
    store = open_store(url)
    answers = Apart(url, store, 2.0)
    yield answers
    answers.close()
    store.close()


def statement(text: str) -> SqlQuestion:
    """Of the first project."""
    return SqlQuestion(1, text, 0)


def test_time_is_up_apart_too(apart: Apart) -> None:
    """A question without end ends in its time, and the next one has the same process."""
    many = ", ".join(f"n n{place}" for place in range(7))
    numbers = " union all ".join(f"select {n} as a" for n in range(20))
    with pytest.raises(QuestionTimedOut):
        apart.answer(statement(f"with n as ({numbers}) select count(*) from {many}"), no)
    [process] = apart._idle
    assert '"rows":[[1]]' in apart.answer(statement("select 1"), no)
    assert [process] == apart._idle


def test_what_is_wrong_comes_back_in_words(apart: Apart) -> None:
    """With its place, out of the other process."""
    with pytest.raises(InvalidQuestion) as caught:
        apart.answer(statement("select\n nope from events"), no)
    assert (2, 2) == (caught.value.errors[0].line, caught.value.errors[0].column)


def test_a_process_that_died_is_replaced(apart: Apart) -> None:
    """The next question has a new one."""
    apart.answer(statement("select 1"), no)
    [process] = apart._idle
    process._process.kill()
    process._process.wait()
    assert '"rows":[[2]]' in apart.answer(statement("select 2"), no)
    assert process not in apart._idle


def test_light_questions_start_no_process(apart: Apart) -> None:
    """They are answered where they are asked."""
    assert '"events":[]' in apart.answer(EventPage(1), no)
    assert [] == apart._idle


def no() -> bool:
    """Nobody leaves."""
    return False
