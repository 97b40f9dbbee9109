"""Requests and answers over a real connection, a WSGI application, and memory."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from djangalytics_client import Client, Settings, TransportError, __version__
from djangalytics_client.connection import Timeouts
from djangalytics_client.retry import Reply
from djangalytics_client.transport import (
    MOST_ANSWER_BYTES,
    HttpTransport,
    MemoryTransport,
    WsgiTransport,
    as_json,
    gzip_fast,
)

from .conftest import Sink

BODY = b'{"events":[{"insert_id":"1","event_name":"x"}]}'


@pytest.fixture
def http(sink: Sink) -> Iterator[HttpTransport]:
    transport = HttpTransport(sink.url, "djw_key", timeouts=Timeouts(5.0, 5.0))
    yield transport
    transport.close()


def test_a_request_is_what_the_contract_says(sink: Sink, http: HttpTransport) -> None:
    """Path, type, key and agent; the JSON goes as it is."""
    reply = http.send(BODY, compress=False)
    (request,) = sink.requests
    headers = request["headers"]
    assert BODY == request["sent"]
    assert "/api/capture_batch/" == request["path"]
    assert "Bearer djw_key" == headers["Authorization"]
    assert "application/json" == headers["Content-Type"]
    assert f"djangalytics-python/{__version__}" == headers["User-Agent"]
    assert Reply(200, None, {"accepted": 1, "duplicates": 0, "rejected": 0}) == reply


def test_a_compressed_body_is_gzip(sink: Sink, http: HttpTransport) -> None:
    """The server decodes it with the standard library, and it says so in its header."""
    http.send(BODY, compress=True)
    (request,) = sink.requests
    assert "gzip" == request["headers"]["Content-Encoding"]
    assert BODY == gzip.decompress(request["sent"])


def test_one_connection_serves_many_requests(sink: Sink, http: HttpTransport) -> None:
    """The connection is kept, also over answers that are errors or no JSON."""
    sink.plan = [503, (200, {}, b"<html>"), (302, {"Location": "/elsewhere"}, b"gone"), None, 404]
    statuses = [http.send(BODY, compress=False).status for _ in range(6)]
    assert [503, 200, 302, 200, 404, 200] == statuses
    assert 1 == len(sink.connections)


def test_a_redirect_is_not_followed(sink: Sink, http: HttpTransport) -> None:
    """The key is never carried to another place."""
    sink.plan = [(307, {"Location": sink.url + "/other"}, {})]
    assert 307 == http.send(BODY, compress=False).status
    assert 1 == len(sink.requests)


def test_retry_after_is_handed_on(sink: Sink, http: HttpTransport) -> None:
    """The header and the parsed problem arrive as they were sent."""
    sink.plan = [(503, {"Retry-After": "7"}, {"code": "store_unavailable"})]
    assert Reply(503, "7", {"code": "store_unavailable"}) == http.send(BODY, compress=False)


def test_a_huge_answer_is_not_read_to_its_end(sink: Sink, http: HttpTransport) -> None:
    """We read 256 KiB at most, drop the connection, and go on with a new one."""
    sink.plan = [(200, {}, b" " * (8 * MOST_ANSWER_BYTES))]
    assert None is http.send(BODY, compress=False).body
    assert 200 == http.send(BODY, compress=False).status
    assert 2 == len(sink.connections)


def test_cookies_are_not_kept(sink: Sink, http: HttpTransport) -> None:
    """A server cannot mark its clients."""
    sink.plan = [(200, {"Set-Cookie": "a=b"}, {})]
    for _ in range(2):
        http.send(BODY, compress=False)
    assert "Cookie" not in sink.requests[1]["headers"]


def test_netrc_does_not_replace_the_key(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login for the host in ~/.netrc is none of ours, with a key or without."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login root password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for key in ("djw_key", None):
        transport = HttpTransport(sink.url, key)
        transport.send(BODY, compress=False)
        transport.close()
    assert ["Bearer djw_key", None] == [
        request["headers"].get("Authorization") for request in sink.requests
    ]


def test_a_cut_connection_is_a_transport_error(sink: Sink, http: HttpTransport) -> None:
    """No answer is told apart from a bad one; the next request opens a new connection."""
    sink.plan = ["reset"]
    with pytest.raises(TransportError):
        http.send(BODY, compress=False)
    assert 1 == http.send(BODY, compress=False).body["duplicates"]  # type: ignore[index]


def test_nobody_listening_is_a_transport_error() -> None:
    """A refused connection and a host that does not exist are network errors."""
    for url in ("http://127.0.0.1:9", "http://nobody.invalid"):
        transport = HttpTransport(url)
        with pytest.raises(TransportError):
            transport.send(BODY, compress=False)
        transport.close()


def test_an_answer_that_does_not_come_is_a_transport_error(sink: Sink) -> None:
    """The read timeout ends the waiting."""
    import threading

    sink.hold = threading.Event()
    transport = HttpTransport(sink.url, timeouts=Timeouts(5.0, 0.05))
    with pytest.raises(TransportError, match="imed out"):
        transport.send(BODY, compress=False)
    transport.close()


def test_an_unreadable_answer_is_no_json() -> None:
    """HTML, broken UTF-8 and a hundred thousand brackets are all None."""
    for content in (b"<html>", b"\xff", b"[" * 100_000, b""):
        assert None is as_json(content)


def test_fast_gzip_is_stable() -> None:
    """The same bytes give the same bytes: no time is stamped into them."""
    assert gzip_fast(BODY) == gzip_fast(BODY)
    assert BODY == gzip.decompress(gzip_fast(BODY))


class Application:
    """A small WSGI server application."""

    def __init__(self, status: str = "200 OK") -> None:
        self.seen: list[dict[str, Any]] = []
        self.closed = 0
        self.status = status

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ["CONTENT_LENGTH"])
        self.seen.append({**environ, "body": environ["wsgi.input"].read(length)})
        start(self.status, [("Retry-After", "3"), ("Content-Type", "application/json")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"accepted": 1,'
        yield b'"duplicates": 0, "rejected": 0}'

    def close(self) -> None:
        self.closed += 1


def test_a_wsgi_application_takes_the_place_of_a_server() -> None:
    """The whole client talks to an application in this process, and closes its answer."""
    app = Application()
    client = Client(transport=WsgiTransport(app, "djw_key"), settings=Settings(linger=0))
    client.track("x", {"text": "a" * 1000})
    assert 0 == client.shutdown()
    (environ,) = app.seen
    assert ("POST", "/api/capture_batch/", "Bearer djw_key", "gzip") == tuple(
        environ[name]
        for name in (
            "REQUEST_METHOD",
            "PATH_INFO",
            "HTTP_AUTHORIZATION",
            "HTTP_CONTENT_ENCODING",
        )
    )
    assert "x" == json.loads(gzip.decompress(environ["body"]))["events"][0]["event_name"]
    assert (1, 1) == (app.closed, client.stats().sent)


def test_a_wsgi_answer_has_status_and_retry_after() -> None:
    """An error of the application reads as over HTTP; without a key there is no header."""
    app = Application("503 Service Unavailable")
    transport = WsgiTransport(app)
    transport.forget()
    assert (503, "3") == transport.send(BODY, compress=False)[:2]
    assert "HTTP_AUTHORIZATION" not in app.seen[0]


def test_memory_keeps_each_insert_id_once() -> None:
    """The memory answers as a server does, also to what it was sent before."""
    memory = MemoryTransport([TransportError("down"), Reply(503)])
    with pytest.raises(TransportError):
        memory.send(BODY, compress=False)
    assert 503 == memory.send(BODY, compress=False).status
    bodies = [memory.send(BODY, compress=True).body for _ in range(2)]
    assert [(1, 0), (0, 1)] == [(b["accepted"], b["duplicates"]) for b in bodies]  # type: ignore
    assert (1, 4) == (len(memory.events), len(memory.requests))
