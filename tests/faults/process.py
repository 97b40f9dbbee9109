"""A server as an operator runs it: a process of its own that can be killed, frozen and measured."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.helpers import command, server_environment

PATIENCE = 120.0
"""Seconds after which a wait counts as hanging."""


class ServerProcess:
    """`djangalytics-server` in a process group of its own, on a port it keeps between starts.

    ``prefix`` is put before the command line (strace, unshare …). What it writes to standard error
    is in ``log``, of all starts together.
    """

    def __init__(
        self,
        folder: Path,
        *flags: str,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            *prefix,
            *command("serve", "--port", str(self.port), "--data", str(self.data), *flags),
        ]
        self._env = compiled(server_environment(env))
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0

    @property
    def file(self) -> Path:
        """The database."""
        return self.data / "djangalytics.sqlite3"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process of the last start."""
        assert self._process is not None, "not started"
        return self._process

    def start(self) -> None:
        """Start it; ``ready`` says when it answers."""
        self._began = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                env=self._env,
            )

    def ready(self) -> float:
        """Seconds from the start to the first answer of /readyz."""
        while not answers(self.port):
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended:\n{self.log.read_text()}")
            if time.monotonic() - self._began > PATIENCE:
                raise AssertionError(f"the server does not answer:\n{self.log.read_text()}")
            time.sleep(0.002)
        return time.monotonic() - self._began

    def kill(self) -> None:
        """SIGKILL to every process of the server at once."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; nothing when it is over."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop(self) -> int:
        """SIGTERM to the process that was started, then its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def members(self) -> list[Path]:
        """The /proc folders of the group's processes."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and os.getpgid(int(entry.name)) == self.process.pid:
                    found.append(entry)
        return found

    def resident(self, field: str = "VmRSS") -> float:
        """Resident memory of the group in MiB; ``VmHWM`` gives the most there ever was."""
        kilobytes = 0
        for entry in self.members():
            with contextlib.suppress(OSError):
                for line in (entry / "status").read_text().splitlines():
                    if line.startswith(f"{field}:"):
                        kilobytes += int(line.split()[1])
        return kilobytes / 1024

    def __enter__(self) -> ServerProcess:
        self.start()
        self.ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self.kill()
        if error is not None and self.log.exists():
            error.args = (*error.args, f"the server said:\n{self.log.read_text()[-4000:]}")


def compiled(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of an installed server: its modules are compiled once, not at each start."""
    kept = dict(environment)
    if kept.pop("PYTHONDONTWRITEBYTECODE", None):
        place = Path(tempfile.gettempdir()) / f"djangalytics-bytecode-{os.getuid()}"
        kept.setdefault("PYTHONPYCACHEPREFIX", str(place))
    return kept


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str = "/readyz") -> bool:
    """Whether a GET is answered with 200."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as client:
        try:
            client.request("GET", path)
            return client.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def until(condition: Callable[[], object], patience: float = PATIENCE) -> bool:
    """Poll ``condition`` until it holds; False when it does not within ``patience`` seconds."""
    limit = time.monotonic() + patience
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True
