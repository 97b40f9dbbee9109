"""The front's HTTP, spoken to over real sockets."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]

from djangalytics_server import front
from djangalytics_server.front.incoming import Incoming
from djangalytics_server.front.threads import Threads
from tests.server.front_program import DEADLINE, Served, everything, served, until

CLOSE = b"Host: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process with two threads and small limits."""
    limits = {"body_bytes": 200_000, "connections": 1500}
    with served(tmp_path_factory.mktemp("front"), "--limits", json.dumps(limits)) as one:
        yield one


def problem(response: bytes) -> tuple[int, str]:
    """Read the status and the code out of a problem+json response, checking its form."""
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    assert b"X-Request-Id: " in head
    told = json.loads(body)
    assert int(head.split()[1]) == told["status"]
    return told["status"], told["code"]


def test_answers_a_request(server: Served) -> None:
    """A POST reaches the application with its method, path and body."""
    told = server.ask("/a%20b", "POST", body=b"hello")
    assert ("POST", "/a b", "hello") == (told["method"], told["path"], told["body"])


def test_keeps_the_connection(server: Served) -> None:
    """Several requests are answered on one connection."""
    with contextlib.closing(server.client()) as client:
        for number in range(3):
            client.request("GET", f"/{number}")
            assert f"/{number}" == json.loads(client.getresponse().read())["path"]
            assert client.sock is not None


def test_names_no_software(server: Served) -> None:
    """The response carries no Server header."""
    with contextlib.closing(server.client()) as client:
        client.request("GET", "/")
        response = client.getresponse()
        response.read()
        assert None is response.getheader("Server")


def test_believes_no_forwarding_headers(server: Served) -> None:
    """X-Forwarded-For and -Proto change neither the address nor the scheme."""
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Forwarded": "for=1"}
    told = server.ask("/", headers=headers)
    assert ("127.0.0.1", "http") == (told["remote"], told["scheme"])


def test_reads_a_chunked_body(server: Served) -> None:
    """A chunked body arrives joined."""
    told = server.ask("/", "POST", body=iter([b"one,", b"two"]), encode_chunked=True)
    assert "one,two" == told["body"]


def test_answers_expect_with_continue(server: Served) -> None:
    """A client that waits for 100 Continue is told to go on, then answered."""
    with server.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n" + CLOSE)
        assert b"HTTP/1.1 100 Continue\r\n\r\n" == sock.recv(100)
        sock.sendall(b"ok")
        assert b'"body": "ok"' in everything(sock)


def test_answers_pipelined_requests_in_order(server: Served) -> None:
    """Requests sent together, one with a body, are answered one after the other."""
    first = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
    second = b"POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    got = server.raw(first + second + b"GET /3 HTTP/1.1\r\n" + CLOSE)
    assert [b"/1", b"/2", b"/3"] == re.findall(b'"path": "(.+?)"', got)


def test_answers_a_client_that_has_stopped_sending(server: Served) -> None:
    """A client that shuts its sending side after the request still gets the answer."""
    with server.connect() as sock:
        sock.sendall(b"GET /half HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert b'"path": "/half"' in everything(sock)


def test_head_has_a_length_and_no_body(server: Served) -> None:
    """HEAD gets the head of GET even from an application that returns a body."""
    head, _, body = server.raw(b"HEAD / HTTP/1.1\r\n" + CLOSE).partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert b"" == body


def test_streams_a_body_of_unknown_length(server: Served) -> None:
    """Chunks from the application are framed and end."""
    with contextlib.closing(server.client()) as client:
        client.request("GET", "/chunks")
        assert b"one,two,three" == client.getresponse().read()


def test_sends_a_large_response_to_a_late_reader(server: Served) -> None:
    """Three MiB reach a reader that begins only when the socket buffers are full."""
    with contextlib.closing(server.client()) as client:
        client.request("GET", "/large")
        server.ask("/")
        assert 3 * 2**20 == len(client.getresponse().read())


def test_a_bug_in_the_application_is_a_plain_500(server: Served) -> None:
    """An exception gives a problem without a traceback, and one line in the log."""
    response = server.raw(b"GET /fail HTTP/1.1\r\n" + CLOSE)
    assert (500, "internal_error") == problem(response)
    assert b"Traceback" not in response
    log = server.errors.read_text()
    assert "GET '/fail' failed: ValueError('a bug in the application')" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
    ],
)
def test_malformed_requests_are_400(server: Served, data: bytes) -> None:
    """What is not HTTP, or has two lengths, is refused as a problem and the connection ends."""
    assert (400, "malformed_request") == problem(server.raw(data))


def test_a_head_over_the_limit_is_431(server: Served) -> None:
    """Headers of 20,000 bytes are refused with 431."""
    data = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n"
    assert (431, "headers_too_large") == problem(server.raw(data))


@pytest.mark.parametrize("framing", [b"Content-Length: 300000", b"Transfer-Encoding: chunked"])
def test_a_body_over_the_wire_limit_is_413(server: Served, framing: bytes) -> None:
    """A client that sends all of its too large body still reads the refusal."""
    size = b"493e0\r\n" if framing.endswith(b"chunked") else b""
    head = b"POST / HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n" + size
    assert (413, "body_too_large") == problem(server.raw(head + b"x" * 300_000))


def test_the_body_limit_itself_is_taken(server: Served) -> None:
    """A body of exactly the limit reaches the application."""
    assert 200_000 == len(server.ask("/", "POST", body=b"x" * 200_000)["body"])


def test_an_unknown_transfer_coding_is_501(server: Served) -> None:
    """Transfer codings other than chunked are refused as unsupported."""
    data = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"
    assert (501, "unsupported_transfer_encoding") == problem(server.raw(data))


def test_tricklers_hold_no_thread(server: Served) -> None:
    """Beside 20 unfinished heads and 20 bodies, with two threads, a good client is served."""
    with contextlib.ExitStack() as stack:
        for number in range(40):
            sock = stack.enter_context(server.connect())
            body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
            sock.sendall(b"GET / HTTP/1.1\r\nHo" if number % 2 else body)
        for _ in range(5):
            assert "/good" == server.ask("/good")["path"]


def test_a_thousand_idle_connections_cost_no_thread(server: Served) -> None:
    """1,000 kept-alive connections stay usable and the process has no thread more."""
    threads = Path(f"/proc/{server.process.pid}/task")
    before = len(list(threads.iterdir())) if threads.exists() else None
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(server.connect()) for _ in range(1000)]
        assert "/good" == server.ask("/good")["path"]
        socks[-1].sendall(b"GET /last HTTP/1.1\r\n" + CLOSE)
        assert b"/last" in everything(socks[-1])
        if before is not None:
            assert before == len(list(threads.iterdir()))


def test_an_application_can_take_the_socket(server: Served) -> None:
    """A detached socket leaves the front: it speaks whatever its new owner speaks."""
    with server.connect() as sock:
        sock.sendall(b"GET /take HTTP/1.1\r\nHost: x\r\n\r\nearly")
        got = b""
        while not got.endswith(b"early"):
            data = sock.recv(100)
            assert data
            got += data
        assert b"yours now early" == got
        assert "/good" == server.ask("/good")["path"]


def test_tricklers_are_answered_408_and_closed(tmp_path: Path) -> None:
    """A head and a body that do not end in time are answered; a silent connection just ends."""
    with (
        served(tmp_path, "--limits", '{"request_seconds": 0.3, "idle_seconds": 0.3}') as server,
        server.connect() as silent,
    ):
        assert (408, "request_timeout") == problem(server.raw(b"GET / HTTP/1.1\r\nHo"))
        body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
        assert (408, "request_timeout") == problem(server.raw(body))
        assert b"" == everything(silent)
        assert server.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_too_many_waiting_requests_are_503(tmp_path: Path) -> None:
    """With both threads busy one request waits; the next is refused and keeps its connection."""
    with served(tmp_path, "--limits", '{"waiting": 1}') as server, contextlib.ExitStack() as stack:
        for held in (1, 2):
            sock = stack.enter_context(server.connect())
            sock.sendall(b"GET /forever HTTP/1.1\r\nHost: x\r\n\r\n")
            assert until(lambda held=held: held == server.lines.count("held"))
        pair = [stack.enter_context(server.connect()) for _ in range(2)]
        for sock in pair:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answered, _, _ = select.select(pair, [], [], DEADLINE)
        assert len(answered) == 1
        for _ in range(2):
            response = answered[0].recv(4096)
            assert (503, "overloaded") == problem(response)
            assert b"Retry-After: 1" in response
            answered[0].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def test_a_large_request_that_comes_too_late_is_refused_and_its_connection_kept(
    tmp_path: Path,
) -> None:
    """With too many waiting, four megabytes are refused, and what follows them on the connection
    is answered in its turn.
    """
    size = 4 * 1024 * 1024
    large = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode() + bytes(size)
    small = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with served(tmp_path, "--limits", '{"waiting": 0}') as server, server.connect() as sock:
        for _ in range(3):
            sock.sendall(large + small)
            heard = b""
            while heard.count(b'"overloaded"') < 2:
                data = sock.recv(4096)
                assert data, heard
                heard += data
            assert 2 == heard.count(b"Retry-After: 1")


def test_the_rest_of_a_refused_request_is_not_kept() -> None:
    """Its parser is gone, its length still counts, and the next request begins where it ends."""
    incoming = Incoming(Adjustments(sockets=[]))
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    parser = incoming.begin()
    assert len(head) + 10 == parser.received(head) + parser.received(bytes(10))
    assert incoming.is_large
    incoming.drop_the_rest()
    assert (None, True) == (incoming.parser, bool(incoming))
    assert b"" == incoming.pass_over(bytes(90_000))
    assert b"GET" == incoming.pass_over(bytes(9_990) + b"GET")
    assert not incoming


def test_what_would_wait_too_long_is_503(tmp_path: Path) -> None:
    """A loop or a queue that is late refuses what comes, on a connection that is kept."""
    with served(tmp_path, "--limits", '{"late_seconds": -1}') as server, server.connect() as sock:
        for _ in range(2):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
            heard = b""
            while heard.count(b'"overloaded"') < 2:
                data = sock.recv(4096)
                assert data, heard
                heard += data
            assert 2 == heard.count(b"Retry-After: 1")


def test_the_threads_know_how_long_a_job_waited() -> None:
    """Behind a job that takes its time the next one waits, and so much is told."""
    threads, released, done = Threads(1), threading.Event(), threading.Event()
    threads.put(lambda: released.wait(DEADLINE) and None)
    threads.put(done.set)
    began = time.monotonic()
    threads.start()
    assert threads.waiting >= 1
    time.sleep(0.05)
    released.set()
    assert done.wait(DEADLINE)
    assert 0.05 <= threads.waited <= time.monotonic() - began + 1
    threads.stop(DEADLINE)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("no-such-host.invalid", 0, "is not known"),
        ("203.0.113.1", 0, "is not an address of this machine"),
        ("127.0.0.1", 70000, "is not a port"),
    ],
)
def test_an_impossible_address_is_one_sentence(host: str, port: int, words: str) -> None:
    """A host or port that cannot be listened on raises FrontError with the reason."""
    with pytest.raises(front.FrontError, match=words):
        front.bind(host, port)


def test_a_port_in_use_is_one_sentence() -> None:
    """Binding a port twice raises FrontError that names the port."""
    with front.bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(front.FrontError, match=f"Port {port} .* already in use"):
            front.bind("127.0.0.1", port)
