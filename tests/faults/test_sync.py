"""Acknowledged means synced: the server's system calls, seen from outside by strace."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults import events, syscalls
from tests.faults.process import ServerProcess, until
from tests.faults.syscalls import Call


class Traced:
    """A server under strace; ``calls`` ends it and tells what it did."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / "trace"
        self.server = ServerProcess(folder, prefix=syscalls.prefix(self.trace))
        self.log = str(self.server.file) + "-wal"
        self.chance = random.Random(1)

    def calls(self) -> list[Call]:
        """Stop the server and read its calls, those before its stop began."""
        assert 0 == self.server.stop()
        end = re.compile(rf"^{self.server.process.pid} +\+\+\+ exited", re.MULTILINE)
        assert until(lambda: end.search(self.trace.read_text("latin-1")))
        return syscalls.calls(self.trace.read_text("latin-1").splitlines())


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    if not syscalls.works():
        if os.environ.get("DJANGALYTICS_REQUIRE_STRACE"):
            pytest.fail("strace is missing or may not trace: apt install strace")
        pytest.skip("strace is missing or may not trace: apt install strace")
    made = Traced(tmp_path)
    with made.server:
        yield made


def test_an_answer_leaves_after_the_sync_of_what_it_promises(traced: Traced) -> None:
    """New events, duplicates alone, refused events alone and both kinds of request: each answer
    leaves after the log was written and synced, and nothing was written in between.
    """
    port, chance = traced.server.port, traced.chance
    first, one = events.batch(chance, 5), events.single(chance)
    refused = events.batch(chance, 0, bad=2)
    nameless = events.Request("/api/capture_event/", b'{"event_name":""}', first.headers, [], [])
    nameless.headers.pop("Content-Encoding")
    again = events.Request(first.path, first.body, refused.headers, [], [])
    sent = [events.batch(chance, 5, bad=1), one, one, refused, nameless]
    statuses = [events.post(port, request).status for request in sent]
    assert [207, 201, 200, 207, 400] == statuses
    assert [200, 200] == [events.post(port, again).status for _ in range(2)]
    made = traced.calls()
    assert [*statuses, 200, 200] == [one.status for one in syscalls.exchanges(made)]
    assert [] == syscalls.unsynced(made, traced.log, alone=True)


def test_answers_under_load_leave_after_a_sync_too(traced: Traced) -> None:
    """Sixteen clients at a time: between each request's arrival and its answer the log was
    written and synced.
    """
    requests = [
        events.batch(traced.chance, 5) if number % 2 else events.single(traced.chance)
        for number in range(160)
    ]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda one: events.post(traced.server.port, one), requests))
    assert {200, 201} == {answer.status for answer in answers}
    made = traced.calls()
    assert 160 == len(list(syscalls.exchanges(made)))
    assert [] == syscalls.unsynced(made, traced.log, alone=False)


LOG = "/data/x-wal"
RECEIVED = r'9 recvfrom(7<TCP:[a->b]>, "POST /api/capture_batch/ HTTP/1.1\r\n"..., 65536) = 300'
WRITTEN = f'8 pwrite64(9<{LOG}>, "\\n\\0"..., 4096, 0) = 4096'
SYNCED = f"8 fdatasync(9<{LOG}>) = 0"
ANSWERED = r'7 sendto(7<TCP:[a->b]>, "HTTP/1.1 200 OK\r\n"..., 300, 0, NULL, 0) = 300'


@pytest.mark.parametrize(
    ("lines", "guilty"),
    [
        ([RECEIVED, WRITTEN, SYNCED, ANSWERED], 0),
        ([RECEIVED, WRITTEN, ANSWERED, SYNCED], 1),
        ([RECEIVED, SYNCED, WRITTEN, ANSWERED], 1),
        ([RECEIVED, WRITTEN, SYNCED, WRITTEN, ANSWERED], 1),
        ([WRITTEN, SYNCED, RECEIVED, ANSWERED], 1),
        ([RECEIVED, WRITTEN, SYNCED.replace("= 0", "= -1 EIO"), ANSWERED], 1),
        ([RECEIVED, WRITTEN, SYNCED.replace(LOG, "/data/other"), ANSWERED], 1),
        (
            [
                RECEIVED,
                WRITTEN,
                SYNCED.replace(") = 0", " <unfinished ...>"),
                ANSWERED,
                "8 <... fdatasync resumed>) = 0",
            ],
            1,
        ),
        (
            [
                RECEIVED,
                WRITTEN,
                SYNCED.replace(") = 0", " <unfinished ...>"),
                "8 <... fdatasync resumed>) = 0",
                ANSWERED,
            ],
            0,
        ),
    ],
)
def test_the_audit_finds_an_answer_that_left_too_early(lines: list[str], guilty: int) -> None:
    """Doctored traces: an answer before the sync ended, a sync before the last write, of another
    file, of an earlier request, or failed.
    """
    assert guilty == len(syscalls.unsynced(syscalls.calls(lines), LOG, alone=True))
