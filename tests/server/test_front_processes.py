"""How the front stops, and what it does about workers that die."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.server.front_program import Served, everything, served, until

HOLD = b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
FOREVER = b"GET /forever HTTP/1.1\r\nHost: x\r\n\r\n"
BOTH = pytest.mark.parametrize("workers", ["1", "2"])


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def pids(server: Served, number: int) -> set[int]:
    """Ask on fresh connections until `number` different workers have answered."""
    seen: set[int] = set()

    def all_seen() -> bool:
        seen.add(server.ask()["pid"])
        return len(seen) >= number

    assert until(all_seen)
    return seen


@BOTH
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_an_idle_server(tmp_path: Path, workers: str, number: int) -> None:
    """SIGTERM and SIGINT end it with 0, each application having been told and closed."""
    with served(tmp_path, "--workers", workers) as server:
        assert 0 == server.stop(number)
        assert server.saw("closed")
        assert [int(workers)] * 2 == [server.lines.count(word) for word in ("stopping", "closed")]


@BOTH
def test_a_request_in_flight_is_answered(tmp_path: Path, workers: str) -> None:
    """A slow request is answered after SIGTERM and told that its connection ends."""
    with served(tmp_path, "--workers", workers) as server, server.connect() as slow:
        slow.sendall(HOLD)
        assert server.saw("held")
        assert 0 == server.stop()
        got = everything(slow)
        assert got.startswith(b"HTTP/1.1 200 OK")
        assert b"Connection: close" in got


@BOTH
def test_a_request_on_its_way_is_answered(tmp_path: Path, workers: str) -> None:
    """A connection made before SIGTERM whose request comes after it is answered once."""
    with served(tmp_path, "--workers", workers) as server, server.connect() as late:
        server.process.send_signal(signal.SIGTERM)
        assert server.saw("stopping")
        late.sendall(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
        got = everything(late)
        assert b'"/late"' in got
        assert b"Connection: close" in got
        assert 0 == server.process.wait(10)


@BOTH
def test_idle_connections_do_not_hold_the_drain(tmp_path: Path, workers: str) -> None:
    """Kept-alive, silent and half-sent connections are ended, and the exit code is 0."""
    grace = ("--graceful", "4")
    with (
        served(tmp_path, "--workers", workers, *grace) as server,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(5):
            client = stack.enter_context(contextlib.closing(server.client()))
            client.request("GET", "/")
            client.getresponse().read()
            stack.enter_context(server.connect())
        partial = stack.enter_context(server.connect())
        partial.sendall(b"GET / HTTP/1.1\r\nHo")
        pids(server, int(workers))
        assert 0 == server.stop()
        assert b"shutting_down" in everything(partial)


def test_pipelined_requests_are_answered_while_draining(tmp_path: Path) -> None:
    """A request that was received behind a slow one is answered too."""
    with served(tmp_path) as server, server.connect() as slow:
        slow.sendall(HOLD + b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
        assert server.saw("held")
        assert 0 == server.stop()
        got = everything(slow)
        assert b'"/hold"' in got
        assert b'"/second"' in got


def test_a_request_that_outlives_the_grace_is_told_in_the_exit_code(tmp_path: Path) -> None:
    """When the grace is over the server ends with 1 and a line that counts what it cut."""
    with served(tmp_path, "--graceful", "0.5") as server, server.connect() as slow:
        slow.sendall(FOREVER)
        assert server.saw("held")
        assert 1 == server.stop()
        assert "1 requests unanswered" in server.errors.read_text()


@BOTH
def test_a_second_signal_ends_at_once(tmp_path: Path, workers: str) -> None:
    """The second SIGTERM does not wait for the request in flight."""
    with served(tmp_path, "--workers", workers) as server, server.connect() as slow:
        slow.sendall(FOREVER)
        assert server.saw("held")
        server.process.send_signal(signal.SIGTERM)
        assert server.saw("stopping")
        assert 128 + signal.SIGTERM == server.stop()


def test_a_stop_of_the_whole_group_drains(tmp_path: Path) -> None:
    """Workers that get the signal from the group and from the parent still answer."""
    with served(tmp_path, "--workers", "2") as server, server.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHo")
        pids(server, 2)
        os.killpg(server.process.pid, signal.SIGTERM)
        assert server.saw("stopping")
        slow.sendall(b"st: x\r\n\r\n")
        assert everything(slow).startswith(b"HTTP/1.1 200 OK")
        assert 0 == server.process.wait(10)


def test_two_workers_serve(tmp_path: Path) -> None:
    """Two processes answer, and neither is the parent."""
    with served(tmp_path, "--workers", "2") as server:
        assert server.process.pid not in pids(server, 2)
        assert 1 == server.lines.count("ready")


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    """After SIGKILL of one worker another takes its place, and the log says so."""
    with served(tmp_path, "--workers", "2") as server:
        before = pids(server, 2)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        assert until(lambda: server.ask()["pid"] not in before)
        assert f"worker {victim} ended (signal 9)" in server.errors.read_text()
        assert 0 == server.stop()


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """SIGKILL of the parent leaves no worker behind, and the one in flight is answered first."""
    with served(tmp_path, "--workers", "2") as server, server.connect() as slow:
        workers = pids(server, 2)
        slow.sendall(b"GET / HTTP/1.1\r\nHo")
        server.process.kill()
        assert server.saw("stopping")
        slow.sendall(b"st: x\r\n\r\n")
        assert everything(slow).startswith(b"HTTP/1.1 200 OK")
        assert until(lambda: not any(alive(pid) for pid in workers))


@BOTH
def test_an_application_that_cannot_start_is_one_sentence(tmp_path: Path, workers: str) -> None:
    """What build_app raises ends serve() with its words and leaves no process."""
    with served(tmp_path, "--workers", workers, "--broken") as server:
        assert server.saw("failed The data directory is not writable.")
        assert 3 == server.process.wait(10)
        with pytest.raises(ConnectionRefusedError):
            server.connect()
