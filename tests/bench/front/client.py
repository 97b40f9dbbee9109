"""Starts one arrangement and speaks raw HTTP to it; the tools the benches share."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

EVENT = (
    b'{"event_name":"purchase","timestamp":"2026-11-22T18:49:34.123456Z","insert_id":'
    b'"01930e5c-7a2b-7c3d-8e4f-5a6b7c8d9e0f","distinct_id":"user-18273645","session_id":'
    b'"s-9f8e7d6c","source":"shop","properties":{"plan":"pro","price":49.9,"currency":"EUR",'
    b'"items":3,"coupon":"AUTUMN"}}'
)


def post(path: str, body: bytes = EVENT) -> bytes:
    """Write a keep-alive POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str) -> bytes:
    """Write a keep-alive GET."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def answer(sock: socket.socket) -> bytes:
    """Read one response with a Content-Length; b"" when the peer closed before any byte."""
    got = b""
    while b"\r\n\r\n" not in got:
        data = sock.recv(65536)
        if not data:
            return got
        got += data
    head, _, body = got.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    while len(body) < length:
        data = sock.recv(65536)
        if not data:
            return b""
        body += data
    return head + b"\r\n\r\n" + body


def centile(seconds: list[float], share: float) -> float:
    """The `share` quantile in milliseconds (nan of nothing)."""
    if not seconds:
        return float("nan")
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * 1000


class Server:
    """One arrangement in a process of its own, pinned to the first core where that is possible."""

    def __init__(self, name: str, threads: int = 8) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "tests.bench.front.arrangements"]
        self.process = subprocess.Popen(
            [*command, name, str(self.port), str(threads)],
            start_new_session=True,
            stderr=None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {0}),
        )

    def __enter__(self) -> Server:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                with self.connect() as sock:
                    sock.sendall(get("/"))
                    if answer(sock):
                        return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the server did not start")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def connect(self, timeout: float = 5.0) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def members(self) -> list[Path]:
        """The /proc folders of the server's processes."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.getpgid(int(entry.name)) == self.process.pid:
                    found.append(entry)
            except OSError:
                continue
        return found

    def cpu_seconds(self) -> float:
        """Processor time the server has used."""
        ticks = 0
        for entry in self.members():
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def size(self) -> tuple[float, int]:
        """RSS in MiB and threads, over the process group's members."""
        rss = threads = 0
        for entry in self.members():
            for line in (entry / "status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    rss += int(line.split()[1])
                elif line.startswith("Threads:"):
                    threads += int(line.split()[1])
        return rss / 1024, threads
