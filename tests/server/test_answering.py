"""Heavy questions are answered apart: they end when nobody wants them; few go on at once."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from djangalytics_server.answering import apart as apart_module
from djangalytics_server.answering import priority, remembered
from djangalytics_server.answering.apart import Apart
from djangalytics_server.answering.here import Here
from djangalytics_server.answering.load import Load
from djangalytics_server.answering.remembered import Remembered
from djangalytics_server.answering.turns import AT_A_TIME, WAITING, Turns
from djangalytics_server.errors import InvalidQuestion, QuestionTimedOut, StoreUnavailable
from djangalytics_server.model.event import Submission
from djangalytics_server.model.query import EventPage
from djangalytics_server.model.sql import SqlQuestion
from djangalytics_server.store import sqlite_log
from djangalytics_server.store.opening import open_store
from djangalytics_server.store.relational import RelationalStore
from tests import postgres
from tests.contract.making import event
from tests.faults.process import ServerProcess, until
from tests.server.house import House

TABLES = ", ".join(f"events {name}" for name in "abcdefgh")
HEAVY = f"select count(*) from {TABLES} where a.properties || b.properties <> 'x'"
"""Years of work over 200 events."""
PATIENCE = 30.0
NOON = 1_790_000_000_000_000 // 86_400_000_000 * 86_400_000_000 + 43_200_000_000


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
    time.sleep(2)  # whoever left before holds a place until their question has stopped
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


class Busy(Load):
    """So much of a processor as a test says."""

    now = 0.0

    def share(self) -> float:
        """Of late."""
        return self.now


@pytest.fixture
def busy() -> Busy:
    """Nothing, until a test says so."""
    return Busy()


@pytest.fixture
def apart(template: Path, tmp_path: Path, busy: Busy) -> Iterator[Apart]:
    """Answers over an empty file, whose questions have two seconds."""
    file = tmp_path / "data.sqlite3"
    file.write_bytes(template.read_bytes())
    url = f"sqlite:///{file}"
    store = open_store(url)
    answers = Apart(url, store, 2.0, busy)
    yield answers
    answers.close()
    store.close()


def statement(text: str) -> SqlQuestion:
    """Of the first project."""
    return SqlQuestion(1, text, 0)


def endless() -> SqlQuestion:
    """Years of work over no event at all."""
    numbers = " union all ".join(f"select {n} as a" for n in range(10))
    hundred = f"with n as ({numbers}), m as (select x.a from n x, n y)"
    many = ", ".join(f"m m{place}" for place in range(6))
    return statement(f"{hundred} select count(*) from {many}")


def test_time_is_up_apart_too(apart: Apart) -> None:
    """A question without end ends in its time, and the next one has the same process."""
    with pytest.raises(QuestionTimedOut):
        apart.answer(endless(), no)
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


def test_load_is_what_the_process_did_of_late_for_others() -> None:
    """Looked at a tenth of a second apart at least; what could be done elsewhere does not count."""
    clock, used = [0.0], [0.0]
    load = Load(lambda: clock[0], lambda: used[0])
    clock[0], used[0] = 0.09, 0.09
    assert 0.0 == load.share()
    clock[0], used[0] = 2.0, 1.0
    assert pytest.approx(0.5) == load.share()
    clock[0], used[0] = 2.05, 1.05
    assert pytest.approx(0.5) == load.share()
    load.spend(0.9)
    clock[0], used[0] = 3.0, 2.0
    assert pytest.approx(0.1) == load.share()
    clock[0] = 4.0
    assert 0.0 == load.share()


def test_a_busy_server_leaves_what_is_not_light_to_others(
    apart: Apart, busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that nobody knows goes apart, as one that is not light; then it is known."""
    monkeypatch.setattr(apart_module, "LIGHT_SECONDS", 0.0)
    first = apart.answer(EventPage(1), no)
    assert [] == apart._idle
    busy.now = apart_module.BUSY
    assert first == apart.answer(EventPage(1), no)
    [process] = apart._idle
    apart._took.clear()
    assert first == apart.answer(EventPage(1), no)
    [took] = apart._took.values()
    assert 0.0 < took < apart_module.QUICK_SECONDS
    process.end()
    monkeypatch.setattr(apart_module, "LIGHT_SECONDS", 10.0)
    assert first == apart.answer(EventPage(1), no)
    assert [process] == apart._idle


def test_what_is_not_heavy_waits_for_nothing_heavy(apart: Apart, busy: Busy) -> None:
    """It has a place of its own, beside those of heavy questions, on a busy server, too."""
    busy.now = 1.0
    with contextlib.ExitStack() as held:
        for _ in range(AT_A_TIME):
            held.enter_context(apart._heavy.turn(no))
        assert '"events":[]' in apart.answer(EventPage(1), no)


def test_what_ran_out_of_time_apart_is_heavy_from_then_on(
    apart: Apart, busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless whoever asked has left; a statement in SQL needs no remembering."""
    busy.now, left = 1.0, [True]

    def asked(*_: object) -> None:
        raise QuestionTimedOut("No.", retry_after=1)

    monkeypatch.setattr(apart_module._Process, "ask", asked)
    for question, has_left, known in (
        (EventPage(1), True, []),
        (statement("select 1"), False, []),
        (EventPage(1), False, [apart_module.QUICK_SECONDS]),
    ):
        left[0] = has_left
        with apart._heavy.turn(no), pytest.raises(QuestionTimedOut):
            apart.answer(question, lambda: left[0])
        assert known == list(apart._took.values())


def test_whom_there_is_no_room_for_goes_to_the_places_beyond() -> None:
    """And is told to come again when those are full, too."""
    beyond = Turns(1, 0)
    turns = Turns(1, 0, beyond=beyond)
    with turns.turn(no), turns.turn(no):
        for full in (turns, beyond):
            with pytest.raises(QuestionTimedOut), full.turn(no):
                pass
    with turns.turn(no), beyond.turn(no):
        pass


PACED = """
import signal, sys
from djangalytics_server.answering import pace
rests = []
pace.time.sleep = rests.append
pace.prepare()
pace.hold(True)
while len(rests) < 3:
    pass
pace.hold(False)
assert set(rests) == {pace.REST_SECONDS} and pace.REST_SECONDS * 2 == pace.PERIOD_SECONDS
assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
"""


def test_who_is_held_rests_in_each_period_until_let_go() -> None:
    """Half of it, whatever it does."""
    subprocess.run([sys.executable, "-c", PACED], check=True, timeout=PATIENCE)


@pytest.mark.parametrize("pressed", [True, False])
def test_beside_a_server_that_is_pressed_a_question_rests(
    apart: Apart, busy: Busy, pressed: bool
) -> None:
    """It sleeps time and again from when it is told so, though it works; else it does not."""
    apart.answer(statement("select 1"), no)
    [process] = apart._idle
    status = Path(f"/proc/{process._process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc")

    def slept() -> int:
        return int(status.read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0])

    def press() -> bool:
        busy.now = apart_module.PRESSED if pressed else 0.0
        return False

    before = slept()
    with pytest.raises(QuestionTimedOut):
        apart.answer(endless(), press)
    assert pressed == (slept() - before > 10)


def test_a_failure_says_nothing_of_how_long_it_takes(
    apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same question is answered here once the store is there again."""

    def failing(*_: object) -> None:
        raise StoreUnavailable("Not now.")

    with monkeypatch.context() as broken:
        broken.setattr(apart_module, "answered", failing)
        with pytest.raises(StoreUnavailable):
            apart.answer(EventPage(1), no)
    apart.answer(EventPage(1), no)
    assert [] == apart._idle


def test_a_long_log_is_folded_before_a_heavy_question(
    apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever process answers it; a light one waits for nothing."""
    store, url = apart._reader, apart._url
    log = Path(f"{url.removeprefix('sqlite:///')}-wal")
    monkeypatch.setattr(sqlite_log, "LONG_BYTES", 0)
    for answers in (apart, Here(store, 2.0)):
        assert isinstance(store, RelationalStore)
        store.append([Submission(1, 0, (event("x"),))])
        assert log.stat().st_size > 0
        if answers is apart:
            answers.answer(EventPage(1), no)
            assert log.stat().st_size > 0
        answers.answer(statement("select 1"), no)
        assert 0 == log.stat().st_size


def test_a_process_apart_gives_way(apart: Apart) -> None:
    """By its niceness, and by that of its session where the system looks at sessions first."""
    apart.answer(statement("select 1"), no)
    [process] = apart._idle
    pid = process._process.pid
    assert os.getpriority(os.PRIO_PROCESS, 0) + priority.NICENESS <= 19
    assert os.getpriority(os.PRIO_PROCESS, 0) + priority.NICENESS == os.getpriority(
        os.PRIO_PROCESS, pid
    )
    share = Path(f"/proc/{pid}/autogroup")
    if share.exists():
        assert share.read_text().endswith(f" nice {priority.NICENESS}\n")
    if hasattr(os, "sched_getaffinity"):
        ours = sorted(os.sched_getaffinity(0))
        assert set(ours[1:] or ours) == os.sched_getaffinity(pid)


def no() -> bool:
    """Nobody leaves."""
    return False


TRENDS = {"kind": "trends", "series": [{}], "from": "2026-01-01", "to": "2026-01-03"}


def hit(house: House, body: object, path: str = "/api/query/", **headers: str) -> tuple[bool, Any]:
    """Whether the answer was known, and the answer."""
    answer = house.client.post(path, json=body, headers=headers or house.read)
    assert 200 == answer.status_code, answer.text
    return "; hit" in answer.headers["Cache-Status"], answer.json


def test_who_waits_for_an_answer_holds_on_to_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the key was looked up with is given back before: the log can be folded meanwhile."""

    def fold(*_: object) -> tuple[str, bool]:
        with contextlib.closing(sqlite3.connect(house.file)) as connection:
            [busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return json.dumps({"busy": busy}), False

    house.capture({"event_name": "x"})
    monkeypatch.setattr(Remembered, "answer", fold)
    assert {"busy": 0} == hit(house, TRENDS)[1]


def test_an_unchanged_question_is_not_looked_for_again(house: House) -> None:
    """The same answer, until an event comes, is erased or goes by age; and by project."""
    sent = [
        {"event_name": "x", "distinct_id": f"u{n}", "timestamp": f"2026-01-0{n}T10:00:00Z"}
        for n in (1, 2, 3)
    ]
    house.batch(*sent)
    known, first = hit(house, TRENDS)
    assert (False, [1, 1, 1]) == (known, first["current"]["lines"][0]["values"])
    assert (True, first) == hit(house, TRENDS)
    assert not hit(house, {**TRENDS, "tz": "Asia/Tokyo"})[0]
    other = house.make_key("read", house.new_project())
    assert 0 == sum(hit(house, TRENDS, **other)[1]["current"]["lines"][0]["values"])
    house.batch({**sent[0], "distinct_id": "u4"})
    known, second = hit(house, TRENDS)
    assert (False, [2, 1, 1]) == (known, second["current"]["lines"][0]["values"])
    house.app.store.erase(1, "u4")
    assert (True, first) == hit(house, TRENDS)  # all is as it was
    house.app.store.erase(1, "u1")
    known, third = hit(house, TRENDS)
    assert (False, [0, 1, 1]) == (known, third["current"]["lines"][0]["values"])
    house.batch({**sent[1], "distinct_id": "u5"})
    before = hit(house, {"sql": "select count(*) from events"}, "/api/sql/")
    assert (False, [[3]]) == (before[0], before[1]["rows"])
    house.app.store.expire(1, 2**62)
    after = hit(house, {"sql": "select count(*) from events"}, "/api/sql/")
    assert (False, [[0]]) == (after[0], after[1]["rows"])
    assert hit(house, {"sql": "select count(*) from events"}, "/api/sql/")[0]
    for _ in range(2):
        assert not hit(house, {"sql": "select now()"}, "/api/sql/")[0]


def test_what_was_read_of_wrong_counts_is_not_remembered_beyond_their_repair(house: House) -> None:
    """A repair that finds nothing wrong changes nothing; one that mends has all asked anew."""
    house.batch({"event_name": "x", "timestamp": "2026-01-01T10:00:00Z"})
    house.sql("UPDATE event_counts SET count = 7")
    assert 7 == hit(house, TRENDS)[1]["current"]["lines"][0]["values"][0]
    assert hit(house, TRENDS)[0]
    house.app.store.recount(mend=True)
    known, mended = hit(house, TRENDS)
    assert (False, 1) == (known, mended["current"]["lines"][0]["values"][0])
    house.app.store.recount(mend=True)
    assert (True, mended) == hit(house, TRENDS)


def test_a_running_interval_is_not_remembered_beyond_its_end(house: House) -> None:
    """What is incomplete now is asked again after the next quarter of an hour."""
    moments = iter([NOON, NOON + 60_000_000, NOON + 900_000_000])
    house.set_clock(lambda: moment)
    heard = []
    for moment in moments:  # noqa: B007 - the clock reads it
        heard.append(hit(house, {"kind": "trends", "series": [{}]})[0])
    assert [False, True, False] == heard


def test_what_is_remembered_is_bounded() -> None:
    """By number and by size: the one asked longest ago goes first."""
    known = Remembered(Echo(), Echo())  # type: ignore[arg-type]
    for place in range(remembered.MOST_ANSWERS + 1):
        known.answer(1, EventPage(1, limit=place), no)
    assert not known.answer(1, EventPage(1, limit=0), no)[1]
    assert known.answer(1, EventPage(1, limit=place), no)[1]
    assert remembered.MOST_ANSWERS == len(known._known)
    for place in range(20):
        known.answer(2, EventPage(2, limit=place, search="x" * 1_000_000), no)
    assert known._size <= remembered.MOST_CHARACTERS
    assert known._size == sum(map(len, known._known.values()))


class Echo:
    """Answers with as much as it is asked, of data that never changes."""

    def answer(self, question: EventPage, gone: object) -> str:
        """As long as the text that is looked for."""
        return question.search or "{}"

    def revision(self, project_id: int) -> tuple[int, ...]:
        """Always the same."""
        return (project_id,)
