"""A small WSGI application behind the real front, run as a program, and ways to talk to it."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from djangalytics_server import front

DEADLINE = 15.0


class Application:
    """Answers by path; ``close`` leaves a line, so that a test sees it was called."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.gate = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/chunks":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return iter([b"one,", b"two,", b"three"])
        if path == "/take":
            environ["djangalytics.detach"](self.take)
            return []
        if path == "/fail":
            raise ValueError("a bug in the application")
        if path in ("/hold", "/forever"):
            say("held")
            (self.gate if path == "/hold" else threading.Event()).wait(DEADLINE)
        elif path == "/large":
            start_response("200 OK", [("Content-Length", str(3 * 2**20))])
            return [b"x" * 2**20] * 3
        body = environ["wsgi.input"].read()
        told = {
            "pid": os.getpid(),
            "method": environ["REQUEST_METHOD"],
            "path": path,
            "remote": environ["REMOTE_ADDR"],
            "scheme": environ["wsgi.url_scheme"],
            "body": body.decode("latin-1"),
        }
        answer = json.dumps(told).encode()
        length = [("Content-Length", str(len(answer))), ("Content-Type", "application/json")]
        start_response("200 OK", length)
        return [answer]

    def take(self, sock: socket.socket, early: bytes) -> None:
        """Keep the socket, as a hub would, and greet."""
        self.sockets.append(sock)
        sock.sendall(b"yours now " + early)

    def stopping(self) -> None:
        """Say that the drain began, and let go of the requests that were held until now."""
        say("stopping")
        self.gate.set()

    def close(self) -> None:
        """Say that the last answer was given."""
        say("closed")


def say(line: str) -> None:
    """Print one whole line, atomically."""
    os.write(1, f"{line}\n".encode())


def main() -> None:
    """Serve until a signal; print the port and, when every worker serves, `ready`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--graceful", type=float, default=10)
    parser.add_argument("--limits", type=json.loads, default={})
    parser.add_argument("--broken", action="store_true")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    sock = front.bind("127.0.0.1", 0)
    say(f"port {sock.getsockname()[1]}")

    def build() -> Application:
        if chosen.broken:
            raise RuntimeError("The data directory is not writable.")
        return Application()

    try:
        code = front.serve(
            build,
            sockets=[sock],
            workers=chosen.workers,
            threads=2,
            graceful_seconds=chosen.graceful,
            limits=front.Limits(**chosen.limits),
            on_ready=lambda: say("ready"),
        )
    except (front.FrontError, RuntimeError) as error:
        say(f"failed {error}")
        sys.exit(3)
    sys.exit(code)


class Served:
    """The program running; ``lines`` is what it has printed."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self.process = process
        self.errors = errors
        self.lines: list[str] = []
        self.port = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def saw(self, line: str) -> bool:
        """Wait for a line of output."""
        return until(lambda: line in self.lines)

    def connect(self) -> socket.socket:
        """Open a connection; the caller closes it."""
        return socket.create_connection(("127.0.0.1", self.port), DEADLINE)

    def ask(self, path: str = "/", method: str = "GET", **more: Any) -> dict[str, Any]:
        """Make one request on a connection of its own and decode its answer."""
        with contextlib.closing(self.client()) as client:
            client.request(method, path, **more)
            answer: dict[str, Any] = json.loads(client.getresponse().read())
            return answer

    def client(self) -> http.client.HTTPConnection:
        """Make a keep-alive client; the caller closes it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def raw(self, data: bytes) -> bytes:
        """Send `data` on a connection of its own and return all that comes until its end."""
        with self.connect() as sock:
            sock.sendall(data)
            return everything(sock)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextlib.contextmanager
def served(folder: Path, *arguments: str) -> Iterator[Served]:
    """Run the program until the block ends."""
    errors = folder / "stderr.txt"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.server.front_program", *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    try:
        one = Served(process, errors)
        assert until(lambda: one.lines[:1] or process.poll() is not None), errors.read_text()
        one.port = int(one.lines[0].split()[1])
        assert until(lambda: len(one.lines) > 1), errors.read_text()
        yield one
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(DEADLINE)
        one._reader.join(DEADLINE)
        assert process.stdout is not None
        process.stdout.close()


def until(condition: Callable[[], object]) -> bool:
    """Poll `condition` until it holds; False when it does not within the deadline."""
    limit = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


def everything(sock: socket.socket) -> bytes:
    """Read until the other side ends."""
    got = b""
    while data := sock.recv(65536):
        got += data
    return got


if __name__ == "__main__":
    main()
