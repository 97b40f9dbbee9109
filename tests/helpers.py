"""A running server for tests that need a real process, and what its first start printed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

READY_SECONDS = 60
STOP_SECONDS = 60
_LAST_LINE = "Stop with Ctrl-C."


@dataclass(slots=True)
class RunningServer:
    """A server that answers; the keys and the link are there after a first start."""

    process: subprocess.Popen[str]
    url: str
    data: Path
    output: str
    log: Path
    write_key: str | None = None
    read_key: str | None = None
    login_url: str | None = None
    expect_exit: int | None = field(default=0)

    def stop(self) -> int:
        """SIGTERM, then the exit code; a server that does not stop is killed and fails."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop:\n{self.log.read_text()}") from None

    def kill(self) -> None:
        """End it at once, as a power cut would; its exit code is not looked at afterwards."""
        self.expect_exit = None
        self.process.kill()
        self.process.wait()


def server_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without settings of Djangalytics that happen to be in it."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("DJANGALYTICS_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **(extra or {})}


def command(*arguments: str) -> list[str]:
    """The server's command line with this interpreter, whatever is on PATH."""
    return [sys.executable, "-m", "djangalytics_server", *arguments]


@contextlib.contextmanager
def running_server(
    tmp_path: Path,
    *flags: str,
    subcommand: str = "serve",
    env: Mapping[str, str] | None = None,
) -> Iterator[RunningServer]:
    """A server on a free port with its data below ``tmp_path``, stopped by SIGTERM at the end.

    Flags that are given win over ours (``--data``, ``--port``). On leaving, its exit code must
    be 0 and nothing it wrote to standard error may be a traceback.
    """
    data = tmp_path / "data"
    if "--data" in flags:
        data = Path(flags[flags.index("--data") + 1])
    with tempfile.NamedTemporaryFile("w", prefix="server-", suffix=".log", delete=False) as log:
        process = subprocess.Popen(
            command(subcommand, "--port", "0", "--data", str(data), *flags),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=tmp_path,
            env=server_environment(env),
        )
    written = Path(log.name)
    try:
        server = _introduced(process, data, written)
        yield server
        code = server.stop()
        assert server.expect_exit is None or server.expect_exit == code, written.read_text()
        assert "Traceback" not in written.read_text(), written.read_text()
    finally:
        _end(process)
        written.unlink()


def _introduced(process: subprocess.Popen[str], data: Path, log: Path) -> RunningServer:
    """Read what the server prints at start, until the line that ends it."""
    assert process.stdout is not None
    watchdog = threading.Timer(READY_SECONDS, process.kill)
    watchdog.start()
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if line.strip() == _LAST_LINE:
                break
        else:
            process.wait()
            raise AssertionError(f"no server: {''.join(lines)}\n{log.read_text()}")
    finally:
        watchdog.cancel()
    # What is printed later must not fill the pipe and stop the server.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    output = "".join(lines)
    return RunningServer(
        process=process,
        url=_after("Dashboard", output) or "",
        data=data,
        output=output,
        log=log,
        write_key=_after("Write key", output),
        read_key=_after("Read key", output),
        login_url=_after("Sign in", output),
    )


def _after(words: str, output: str) -> str | None:
    found = re.search(rf"^  {words}\s+(\S+)", output, re.MULTILINE)
    return found.group(1) if found else None


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    assert process.stdout is not None
    with contextlib.suppress(ValueError, OSError):
        process.stdout.close()
