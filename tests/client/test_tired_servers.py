"""Servers that trickle, hang, cut, redirect and fail TLS: bounded time, memory and requests."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from djangalytics_client import Client, Settings, TransportError
from djangalytics_client.connection import Timeouts
from djangalytics_client.transport import HttpTransport

from .doubles import eventually

Handler = Callable[[socket.socket], None]
GOOD = b'{"accepted":1,"duplicates":0,"rejected":0}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD)
HURRIED = Timeouts(connect=2.0, read=0.3, answer=0.6)


class Raw:
    """A TCP server that answers each connection as the next handler does, the last one for ever."""

    def __init__(self, *handlers: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handlers = list(handlers)
        self._tls = tls
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            handler = self._handlers.pop(0) if len(self._handlers) > 1 else self._handlers[0]
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection, handler))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, handler: Handler) -> None:
        with suppress(OSError), connection:
            connection.settimeout(10)
            if self._tls is not None:
                with self._tls.wrap_socket(connection, server_side=True) as secure:
                    handler(secure)
            else:
                handler(connection)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)


@pytest.fixture
def serve() -> Iterator[Callable[..., Raw]]:
    servers = []

    def start(*handlers: Handler, **named: Any) -> Raw:
        servers.append(Raw(*handlers, **named))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def some(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionError
    return received


def request(connection: socket.socket) -> bytes:
    """Read one request -> its head and body. ConnectionError when there is none."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    (length,) = [int(line[15:]) for line in head.split(b"\r\n") if line[:15] == b"Content-Length:"]
    while len(body) < length:
        body += some(connection)
    return head + b"\r\n\r\n" + body


def good(connection: socket.socket) -> None:
    while True:
        request(connection)
        connection.sendall(OK)


def trickle_body(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b" ")
        time.sleep(0.02)


def trickle_head(connection: socket.socket) -> None:
    request(connection)
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def hang(connection: socket.socket) -> None:
    request(connection)
    connection.recv(1)


def silent(connection: socket.socket) -> None:
    time.sleep(1)


def cut_in_the_head(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"HTTP/1.")


def cut_in_the_body(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def no_http(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"\x00\xff" * 500)


def endless_heads(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100_000):
        connection.sendall(b"X: " + b"x" * 1000 + b"\r\n")


@pytest.mark.parametrize(
    "handler",
    [
        trickle_body,
        trickle_head,
        hang,
        silent,
        cut_in_the_head,
        no_http,
        endless_heads,
    ],
)
def test_an_answer_that_does_not_come_in_time_is_none(
    serve: Callable[..., Raw], handler: Handler
) -> None:
    """Whatever a server does to its answer, a request ends within its time, as unanswered."""
    server = serve(handler)
    transport = HttpTransport(f"http://127.0.0.1:{server.port}", timeouts=HURRIED)
    started = time.monotonic()
    with pytest.raises(TransportError):
        transport.send(b'{"events":[]}', compress=False)
    assert time.monotonic() - started < 2.0
    transport.close()


def test_a_tired_server_gets_no_storm(serve: Callable[..., Raw]) -> None:
    """Cut again and again, the sender waits longer and longer, and delivers in the end."""
    server = serve(*[cut_in_the_head] * 4, good)
    client = Client(f"http://127.0.0.1:{server.port}", settings=Settings(linger=0.0))
    client.track("x")
    deadline = time.monotonic() + 20
    while client.flush(5) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (1, 0) == (client.stats().sent, client.stats().queued)
    assert 5 == server.connections
    client.shutdown()


def test_an_absurd_retry_after_is_bounded(serve: Callable[..., Raw]) -> None:
    """A flush returns at once when the server demands to be left alone for years."""

    def years(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(
            b"HTTP/1.1 503 No\r\nRetry-After: 999999999999\r\nContent-Length: 0\r\n\r\n"
        )

    server = serve(years)
    client = Client(f"http://127.0.0.1:{server.port}", settings=Settings(linger=0.0))
    client.track("x")
    started = time.monotonic()
    assert 1 == client.flush(20)
    assert time.monotonic() - started < 5
    assert client._outbox._delivery.due - time.monotonic() <= 300
    assert 1 == server.connections
    client.shutdown(0)


def test_connections_are_used_again(serve: Callable[..., Raw]) -> None:
    """Many requests, one connection."""
    server = serve(good)
    client = Client(f"http://127.0.0.1:{server.port}")
    for _ in range(20):
        client.track("x")
        assert 0 == client.flush()
    assert (1, 20) == (server.connections, client.stats().sent)
    client.shutdown()


def test_a_kept_connection_that_the_server_closed_is_replaced(serve: Callable[..., Raw]) -> None:
    """A server that hangs up between two requests costs no event."""

    def once(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(OK)

    server = serve(once)
    client = Client(f"http://127.0.0.1:{server.port}")
    for number in range(3):
        client.track("x", {"n": number})
        while client.flush(5):
            pass
        time.sleep(0.05)
    assert (3, {}) == (client.stats().sent, client.stats().lost)
    client.shutdown()


def test_a_proxy_of_the_environment_is_used(
    serve: Callable[..., Raw], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY carries the requests; the address of the server is in them."""
    seen = []

    def proxy(connection: socket.socket) -> None:
        while True:
            seen.append(request(connection).split(b" ")[1])
            connection.sendall(OK)

    server = serve(proxy)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = Client("http://analytics.example:8000")
    client.track("x")
    assert 0 == client.flush()
    assert [b"http://analytics.example:8000/api/capture_batch/"] == seen
    client.shutdown()


def test_a_proxy_that_the_environment_names_later_is_used_from_then_on(
    serve: Callable[..., Raw], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found in the environment is kept only as long as it says the same."""
    seen = []

    def answer(connection: socket.socket) -> None:
        while True:
            seen.append(request(connection).split(b" ")[1])
            connection.sendall(OK)

    server, proxy = serve(answer), serve(answer)
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = Client(f"http://localhost:{server.port}")
    for environment in ({}, {"HTTP_PROXY": f"http://127.0.0.1:{proxy.port}"}, {"NO_PROXY": "*"}):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        client.track("x")
        assert 0 == client.flush()
    path = b"/api/capture_batch/"
    assert [path, f"http://localhost:{server.port}".encode() + path, path] == seen
    assert (1, 1) == (server.connections, proxy.connections)
    client.shutdown()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file, signed by itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command")
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["-keyout", str(file), "-out", str(file.with_suffix(".crt"))]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [openssl, "req", *kind, "-days", "2", *names, *made], check=True, capture_output=True
    )
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_custom_authority_is_believed(
    serve: Callable[..., Raw], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQUESTS_CA_BUNDLE names it, as for every program with requests; the answer may be slow."""
    server = serve(good, tls=tls(certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_suffix(".crt")))
    client = Client(f"https://127.0.0.1:{server.port}")
    for _ in range(3):
        client.track("x")
        assert 0 == client.flush()
    assert (3, 1) == (client.stats().sent, server.connections)
    client.shutdown()


def test_a_certificate_that_nobody_vouches_for_sends_nothing(
    serve: Callable[..., Raw], certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The events are kept, the trouble is said once, and no request is made."""
    requests: list[bytes] = []
    server = serve(lambda c: requests.append(request(c)), tls=tls(certificate))
    client = Client(f"https://127.0.0.1:{server.port}", settings=Settings(linger=0.0))
    try:
        client.track("x")
        eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text)
        client.flush(0.5)  # tries again
        assert ([], 1) == (requests, client.stats().queued)
        assert 1 == caplog.text.count("CERTIFICATE_VERIFY_FAILED")
    finally:
        client.shutdown(0)


def test_tls_that_trickles_is_cut_off_too(
    serve: Callable[..., Raw], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for an answer holds over TLS as well."""
    server = serve(trickle_body, tls=tls(certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_suffix(".crt")))
    transport = HttpTransport(f"https://127.0.0.1:{server.port}", timeouts=HURRIED)
    started = time.monotonic()
    with pytest.raises(TransportError):
        transport.send(b'{"events":[]}', compress=False)
    assert time.monotonic() - started < 2.0
    transport.close()


def page(connection: socket.socket) -> None:
    request(connection)
    html = b"<html>Please log in</html>"
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(html), html))


@pytest.mark.parametrize("handler", [page, cut_in_the_body])
def test_a_200_that_is_no_answer_of_ours_costs_nothing(
    serve: Callable[..., Raw], handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    """A captive portal, or an answer cut short: said once, sent again, and all is delivered."""
    server = serve(handler, handler, handler, good)
    client = Client(f"http://127.0.0.1:{server.port}")
    client.track("x")
    deadline = time.monotonic() + 20
    while client.flush(5) and time.monotonic() < deadline:
        assert 0 == client.stats().sent
    assert (1, 0) == (client.stats().sent, client.stats().queued)
    assert 1 == caplog.text.count("without the counts of a Djangalytics server")
    client.shutdown()


def test_what_a_batch_says_of_its_producer(serve: Callable[..., Raw]) -> None:
    """Id, host, process, start, numbers, and what was given up, until a success has told it."""
    bodies: list[Any] = []

    def picky(connection: socket.socket) -> None:
        while True:
            body = json.loads(request(connection).partition(b"\r\n\r\n")[2])
            bodies.append(body)
            if any(event["event_name"] == "bad" for event in body["events"]):
                connection.sendall(b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}")
            else:
                connection.sendall(OK)

    server = serve(picky)
    client = Client(f"http://127.0.0.1:{server.port}", settings=Settings(gzip=False, linger=9.0))
    client.track("")
    for name in ("a", "bad", "b"):
        client.track(name)
    client.flush()
    client.track("c")
    client.flush()
    said = [body["producer"] for body in bodies]
    assert {"id", "host", "process", "started_at", "tracked", "sequences", "lost"} == set(said[0])
    assert 32 == len(said[0]["id"])
    assert [[[1, 3]], [[1, 1]], [[2, 2]], [[2, 1]], [[3, 1]], [[4, 1]]] == [
        one["sequences"] for one in said
    ]
    assert {"rejected:event_name_missing": 1} == said[0]["lost"]
    assert [None, None, None, None, [[2, 1]], None] == [one.get("dropped") for one in said]
    assert 4 == said[-1]["tracked"]
    client.shutdown()
