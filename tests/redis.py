"""A Redis of the tests' own, on a free port, that keeps nothing and is gone at the end."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 30


def missing() -> str | None:
    """One sentence on what is missing and how to get it; None when everything is here."""
    ways = []
    if importlib.util.find_spec("redis") is None:
        ways.append("`pip install redis`")
    if shutil.which("redis-server") is None:
        ways.append("`apt install redis-server`")
    return f"NO REDIS TEST WAS RUN. What is missing: {', '.join(ways)}" if ways else None


def required() -> bool:
    """Whether a missing Redis is a failure, as it is where a landing is judged."""
    return os.environ.get("DJANGALYTICS_REQUIRE_REDIS") == "1"


@dataclass(slots=True)
class Server:
    """A Redis that can be stopped and started on the same port."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", str(self.folder), "--logfile", "log"],
        )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """End it at once; what it knew is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server for as long as the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="djangalytics-redis-") as folder:
        server = Server(port, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
