"""A real HTTP server on a free port that does as each test tells it."""

from __future__ import annotations

import gzip
import http.server
import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

import djangalytics_client


class Sink(http.server.ThreadingHTTPServer):
    """Keeps every request; answers with ``plan``'s next entry, then 200 with true counts.

    An entry is a status, (status, headers, body), or "reset": store, then cut the connection.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.plan: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.connections: set[tuple[str, int]] = set()
        self.hold: threading.Event | None = None
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless it is that a client has gone: some are killed on purpose."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Answering(http.server.BaseHTTPRequestHandler):
    """One connection of the sink."""

    protocol_version = "HTTP/1.1"
    server: Sink

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        plain = gzip.decompress(sent) if self.headers.get("Content-Encoding") == "gzip" else sent
        batch = json.loads(plain)
        sink = self.server
        with sink.lock:
            sink.connections.add(self.client_address)
            sink.requests.append(
                {"path": self.path, "headers": dict(self.headers), "sent": sent, "batch": batch}
            )
            planned = sink.plan.pop(0) if sink.plan else None
            if planned in (None, "reset"):
                new = {
                    e["insert_id"]: e for e in batch["events"] if e["insert_id"] not in sink.events
                }
                sink.events.update(new)
        if sink.hold is not None:
            sink.hold.wait(20)
        if planned == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        if planned is None:
            total = len(batch["events"])
            self.answer(
                200, {}, {"accepted": len(new), "duplicates": total - len(new), "rejected": 0}
            )
        elif isinstance(planned, int):
            self.answer(planned, {}, {"code": f"code_{planned}"})
        else:
            self.answer(*planned)

    def answer(self, status: int, headers: dict[str, str], body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        with suppress(ConnectionError):  # the client may have given up waiting
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    if server.hold is not None:
        server.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the machine's own settings."""
    ours = ("URL", "WRITE_KEY", "DISABLED", "DRY_RUN")
    for name in (*(f"DJANGALYTICS_{each}" for each in ours), "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Each test ends its threads and the default client."""
    yield
    client = djangalytics_client._default.pop("client", None)
    if client is not None:
        client.shutdown(0)
    assert [t.name for t in threading.enumerate() if t.name == "djangalytics"] == []
