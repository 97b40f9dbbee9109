"""A server that is told to stop, or frozen, in the middle of its work."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.crash import judge
from tests.faults.process import ServerProcess, until
from tests.faults.sender import Sender

WORKERS = pytest.mark.parametrize("workers", [1, 2])


@contextmanager
def loaded(
    folder: Path, *options: str, workers: int = 1
) -> Iterator[tuple[ServerProcess, list[Sender]]]:
    """A server and two processes of four connections each that have been sending for a while."""
    with ServerProcess(folder, "--workers", str(workers)) as server, ExitStack() as stack:
        senders = []
        for place in range(2):
            sender = Sender(
                server.port,
                folder / f"client-{place}.log",
                *("--connections", "4", "--batch", "20", "--seed", str(place), *options),
            )
            stack.callback(sender.kill)
            senders.append(sender)
        assert until(lambda: all(sender.acknowledged() > 40 for sender in senders))
        yield server, senders


def judged(server: ServerProcess, senders: list[Sender]) -> list[str]:
    """The judge's findings about what these senders were told."""
    account = judge.read_logs([sender.log for sender in senders])
    assert account.acknowledged
    return judge.judge(judge.sqlite_url(server.file), account)


@WORKERS
def test_a_stop_under_load_answers_everything(tmp_path: Path, workers: int) -> None:
    """SIGTERM ends the server with 0; no request that was sent goes without an answer, and what
    was acknowledged is there.
    """
    with loaded(tmp_path, "--once", workers=workers) as (server, senders):
        assert 0 == server.stop()
        told = [sender.finish() for sender in senders]
    outcomes = {outcome for one in told for outcome in one["outcomes"]}
    assert outcomes <= {"200", "201", "207", "503", "refused"}, outcomes
    assert [] == judged(server, senders)


def test_a_frozen_server_doubles_nothing(tmp_path: Path) -> None:
    """SIGSTOP until every client has given up and sent again, then SIGCONT: each event once."""
    with loaded(tmp_path, "--timeout", "0.5") as (server, senders):
        server.signal(signal.SIGSTOP)
        assert until(
            lambda: all(sender.log.read_text().count("timeout") >= 8 for sender in senders)
        )
        server.signal(signal.SIGCONT)
        before = [sender.acknowledged() for sender in senders]
        assert until(
            lambda: all(
                sender.acknowledged() > count + 20
                for sender, count in zip(senders, before, strict=True)
            )
        )
        for sender in senders:
            assert sender.finish()["outcomes"]["timeout"] >= 8
        assert 0 == server.stop()
    assert [] == judged(server, senders)
