"""Heads that came before stand for what the parser made of them, and for nothing else."""

from __future__ import annotations

import json
import math
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]

from djangalytics_server.front import connection as connections
from djangalytics_server.front import heads
from djangalytics_server.front.connection import Connection
from djangalytics_server.front.heads import Heads
from djangalytics_server.front.incoming import Incoming
from djangalytics_server.front.limits import Limits
from tests.helpers import running_server

_PIECES = [
    "POST /api/capture_event/ HTTP/1.1\r\n",
    "\r\n",
    "\n",
    "Host: x\r\n",
    "Content-Length: 4\r\n",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
    "X-Long: " + "y" * 3_000 + "\r\n",
    "GET / HTTP/1.1\r\n",
]
_TAILS = st.lists(st.sampled_from(["\r\n", "\n", "abcd", "4\r\nabcd\r\n0\r\n\r\n"]), max_size=4)


def parsed(data: bytes) -> tuple[HTTPRequestParser, int] | None:
    """What Waitress makes of the bytes, and how many it took; None where it takes exception."""
    parser = HTTPRequestParser(Adjustments(sockets=[]))
    try:
        return parser, parser.received(data)
    except ValueError:
        return None


@given(st.lists(st.sampled_from(_PIECES), max_size=7), _TAILS, st.binary(max_size=6))
def test_a_known_head_is_what_the_parser_says(
    pieces: list[str], tail: list[str], body: bytes
) -> None:
    """Whatever comes after a remembered head is the body that the parser would take, too."""
    data = "".join([_PIECES[0], *pieces, *tail]).encode()
    known = Heads()
    first = parsed(data)
    if first is None or not first[0].completed or first[0].error or first[1] != len(data):
        return
    known.remember(data, first[0], ends=False)
    end = data.find(b"\r\n\r\n") + 4
    for again in (data, data[:end] + body, data + body):
        found = known.find(again)
        if found is None:
            continue
        head, rest = found
        parser, taken = parsed(again) or pytest.fail("a known head that cannot be parsed")
        assert (len(again), True) == (taken, parser.completed)
        assert (parser.path, parser.headers) == (head.path, head.headers)
        assert parser.get_body_stream().read() == rest


def test_an_everyday_head_is_known_the_second_time() -> None:
    """With another body of that length; not with a longer one, nor with two requests at once."""
    data = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    known = Heads()
    assert known.find(data) is None
    parser, _ = parsed(data) or pytest.fail("a good request")
    known.remember(data, parser, ends=True)
    head, body = known.find(data[:-2] + b"[]") or pytest.fail("a known head")
    assert ("/x", "x", 2, True, b"[]") == (
        *(head.path, head.headers["HOST"], head.length, head.ends),
        body,
    )
    for other in (data + b"!", data[:-1], data + data, data.replace(b"Host", b"host")):
        assert known.find(other) is None


def test_ever_new_heads_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are bounded in number and in length."""
    monkeypatch.setattr(heads, "MOST_HEADS", 10)
    known = Heads()
    for number in range(35):
        data = f"POST /x HTTP/1.1\r\nHost: x{number}\r\nContent-Length: 0\r\n\r\n".encode()
        parser, _ = parsed(data) or pytest.fail("a good request")
        known.remember(data, parser, ends=False)
        assert known.find(data) is not None
        assert len(known._known) <= 10
    data = (
        b"POST /x HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 3_000 + b"\r\nContent-Length: 0\r\n\r\n"
    )
    parser, _ = parsed(data) or pytest.fail("a good request")
    known.remember(data, parser, ends=False)
    assert known.find(data) is None


class Taker:
    """An application that takes everything and answers at once; ``taken`` is what it took."""

    routes = frozenset({("POST", "/x")})

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, str], bytes]] = []

    def take(self, path: str, headers: Any, body: bytes, reply: Any, *_: Any, **__: Any) -> bool:
        """Give the body back."""
        self.taken.append((path, dict(headers), body))
        reply("200 OK", b"", body)
        return True


def hosted(taker: Taker) -> Any:
    """What a connection knows of the loop."""
    return SimpleNamespace(
        adj=Adjustments(sockets=[]),
        limits=Limits(),
        quick=taker,
        heads=Heads(),
        late=False,
        draining=False,
        partial_ends=math.inf,
    )


REQUEST = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"


def test_a_request_with_a_known_head_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two alike is taken as it came; one that is cut in two is parsed."""
    begun: list[int] = []
    begin = Incoming.begin
    monkeypatch.setattr(Incoming, "begin", lambda self: begun.append(1) or begin(self))
    taker, request = Taker(), REQUEST
    client, ours = socket.socketpair()
    connection = Connection(hosted(taker), ours, ("127.0.0.1", 1))
    with client, ours:
        for pieces in ([request + b"{}"], [request + b"[]"], [request, b"11"], [request + b"22"]):
            for piece in pieces:
                client.sendall(piece)
                connection.on_readable()
            assert client.recv(4096).endswith(pieces[-1][-2:])
    assert [b"{}", b"[]", b"11", b"22"] == [body for _, _, body in taker.taken]
    assert all(entry[:2] == taker.taken[0][:2] for entry in taker.taken)
    assert 2 == len(begun)


def test_a_late_loop_refuses_a_known_head_without_reading_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No parser begins, nothing is taken, Retry-After is said, and the connection goes on."""
    taker = Taker()
    host = hosted(taker)
    client, ours = socket.socketpair()
    connection = Connection(host, ours, ("127.0.0.1", 1))

    def answer(body: bytes) -> bytes:
        client.sendall(REQUEST + body)
        connection.on_readable()
        return client.recv(4096)

    with client, ours:
        assert answer(b"{}").startswith(b"HTTP/1.1 200")
        monkeypatch.setattr(Incoming, "begin", lambda _self: pytest.fail("parsed"))
        host.late = True
        refused = [answer(b"[]") for _ in range(2)]
        host.late = False
        assert answer(b"22").endswith(b"22")
    ids = set()
    for one in refused:
        head, _, body = one.partition(b"\r\n\r\n")
        told = json.loads(body)
        ids.add(told["request_id"])
        assert (503, "overloaded", len(body)) == (
            *(told["status"], told["code"]),
            int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]),
        )
        assert b"Retry-After: 1" in head
        assert told["request_id"].encode() in head
    assert 2 == len(ids)
    assert [b"{}", b"22"] == [body for _, _, body in taker.taken]


def test_what_is_declined_is_offered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a new head or a known one, whole or in pieces; then it goes the ordinary way."""
    offered, answered = [], []

    class Decliner(Taker):
        """Declines what asks for it."""

        def take(self, path: str, headers: Any, body: bytes, *more: Any, **named: Any) -> bool:
            offered.append(body)
            return body != b"no" and super().take(path, headers, body, *more, **named)

    monkeypatch.setattr(connections, "answer", lambda *_: answered.append(1) or True)
    host = hosted(Decliner())
    host.submit = lambda connection: connection.service() or True
    client, ours = socket.socketpair()
    connection = Connection(host, ours, ("127.0.0.1", 1))
    with client, ours:
        for pieces in ([b"no"], [b"ok"], [b"no"], [b"n", b"o"], [b"ok"]):
            for piece in [REQUEST + pieces[0], *pieces[1:]]:
                client.sendall(piece)
                connection.on_readable()
    assert [b"no", b"ok", b"no", b"no", b"ok"] == offered
    assert 3 == len(answered)


def test_the_same_head_over_and_over_is_answered_each_time(tmp_path: Path) -> None:
    """Each with its own body: stored, repeated, refused; and the last one ends the connection."""

    def request(event: dict[str, Any], more: str = "") -> bytes:
        body = json.dumps(event).encode()
        head = f"POST /api/capture_event/ HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(body)}"
        return head.encode() + b"\r\n\r\n" + body

    with running_server(tmp_path) as server:
        host, port = server.url.removeprefix("http://").split(":")
        statuses = []
        with socket.create_connection((host, int(port)), 30) as sock:
            answers = sock.makefile("rb")
            for name in ("a1", "a2", "a2", "a3"):
                statuses.append(
                    _answer(sock, answers, request({"event_name": "x", "insert_id": name}))
                )
            # As long as those, and wrong.
            statuses.append(_answer(sock, answers, request({"event_name": "x", "insert_id": 1234})))
            statuses.append(_answer(sock, answers, request({"event_name": "x", "insert_id": "a4"})))
        for name in ("a5", "a6"):
            with socket.create_connection((host, int(port)), 30) as sock:
                sock.sendall(
                    request({"event_name": "x", "insert_id": name}, "Connection: close\r\n")
                )
                statuses.append(int(sock.makefile("rb").read().split()[1]))
    assert [201, 201, 200, 201, 400, 201, 201, 201] == statuses


def _answer(sock: socket.socket, answers: Any, request: bytes) -> int:
    sock.sendall(request)
    status = int(answers.readline().split()[1])
    length = 0
    while (line := answers.readline()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    answers.read(length)
    return status
