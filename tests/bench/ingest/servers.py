"""The server under test, and the plain design, each as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.process import compiled


@dataclass
class Target:
    """A process that takes events at ``port``."""

    process: subprocess.Popen[bytes]
    port: int

    def hold_to(self, core: int) -> None:
        """Let the process, its threads and its children run on that core alone."""
        for pid in (self.process.pid, *_children(self.process.pid)):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {core})

    def cpu_seconds(self) -> float:
        """Processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> float:
        """Resident memory in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self.process.pid)


@contextmanager
def ours(folder: Path, *flags: str) -> Iterator[Target]:
    """`djangalytics-server` as it is installed, with its data in ``folder``."""
    command = ["-m", "djangalytics_server", "--data", str(folder), "--log-level", "error", *flags]
    with _started(lambda port: [sys.executable, *command, "--port", str(port)]) as target:
        # All of it: while the views are still being imported they take a core of their own.
        urllib.request.urlopen(f"http://127.0.0.1:{target.port}/api/limits/", timeout=30).close()
        yield target


@contextmanager
def plain(folder: Path) -> Iterator[Target]:
    """The plain design of ``plain.py``."""
    module = ["-m", "tests.bench.ingest.plain"]
    with _started(lambda port: [sys.executable, *module, str(port), str(folder)]) as target:
        yield target


@contextmanager
def django(folder: Path) -> Iterator[Target]:
    """The design of ``django_plain.py``."""
    module = ["-m", "tests.bench.ingest.django_plain"]
    with _started(lambda port: [sys.executable, *module, str(port), str(folder)]) as target:
        yield target


@contextmanager
def _started(command: object) -> Iterator[Target]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = compiled(os.environ)
    process = subprocess.Popen(
        command(port),  # type: ignore[operator]
        stdout=subprocess.DEVNULL,
        env={k: v for k, v in environment.items() if not k.startswith("DJANGALYTICS_")},
    )
    try:
        _wait(port)
        yield Target(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing answers at port {port}")


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]
