"""Captures beside Flask: the same answers as through it, and none of what is not plain."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from djangalytics_server.catalog import key_text, secrets
from djangalytics_server.config import Settings
from djangalytics_server.errors import QueueFull
from tests.helpers import running_server
from tests.server.house import SECRETS, House

SINGLE, BATCH = "/api/capture_event/", "/api/capture_batch/"
AT = "2026-11-22T18:49:34.123456Z"


@dataclass(frozen=True)
class Case:
    """A request, and whether the quick way takes it."""

    path: str
    body: bytes
    taken: bool = True
    key: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def _case(path: str, document: Any, *args: Any, **more: Any) -> Case:
    return Case(path, json.dumps(document).encode(), *args, **more)


def _event(insert_id: str, **more: Any) -> dict[str, Any]:
    return {"event_name": "signup", "insert_id": insert_id, "timestamp": AT, **more}


PRODUCER = {
    "id": "0a" * 16,
    "host": "web-1",
    "process": "gunicorn[812]",
    "started_at": AT,
    "tracked": 3,
    "sequences": [[2, 1]],
}
PAGE = (("Origin", "https://shop.example"),)
ELSEWHERE = (("Origin", "https://a.example"),)
GZIP = (("Content-Encoding", "gzip"),)
CASES = {
    "new": _case(SINGLE, _event("a")),
    "known": _case(SINGLE, _event("a", properties={"n": 1})),
    "without the slash": _case(SINGLE[:-1], _event("b")),
    "with a key": _case(SINGLE, _event("c"), key="write"),
    "with a key in the body": _case(SINGLE, _event("d", api_key="{write}")),
    "batch": _case(BATCH, {"events": [_event("e"), _event("a"), _event("e")]}),
    "batch with bad ones": _case(BATCH, {"events": [_event("f"), {"event_name": 5}, 7]}),
    "batch of bad ones": _case(BATCH, {"events": [{}, {"event_name": " "}]}),
    "old": _case(BATCH, {"events": [_event("g", timestamp="1969-01-01T00:00:00Z")]}),
    "gzip": Case(BATCH, gzip.compress(b'{"events":[{"event_name":"z"}]}'), headers=GZIP),
    "skewed": _case(BATCH, {"events": [_event("h")], "sent_at": "2020-01-01T00:00:00Z"}),
    "numbered": _case(BATCH, {"events": [_event("n")], "producer": PRODUCER}),
    "numbered wrongly": _case(
        BATCH, {"events": [_event("o"), _event("p")], "producer": PRODUCER}, key="write"
    ),
    "numbered by nobody": _case(BATCH, {"events": [_event("q"), {}], "producer": 5}),
    "nested": _case(SINGLE, _event("i", properties={"a": [1, {"b": "é"}]})),
    "one bad": _case(SINGLE, {"event_name": ""}, False),
    "not JSON": Case(SINGLE, b"{", False),
    "no gzip": Case(SINGLE, b"{}", False, headers=GZIP),
    "empty batch": _case(BATCH, {"events": []}, False),
    "unknown key": _case(SINGLE, _event("j"), False, key=key_text.make("write")),
    "mistyped key": _case(SINGLE, _event("n"), False, key="djw_nobody"),
    "read key": _case(SINGLE, _event("k"), False, key="read"),
    "other scheme": _case(SINGLE, _event("l"), False, headers=(("Authorization", "Basic eDp5"),)),
    "a form": Case(SINGLE, b"a=b", False, headers=(("Content-Type", "text/html"),)),
    "from a page": _case(SINGLE, _event("m"), False, headers=(("Origin", "https://a.example"),)),
    "from a page with a key": _case(SINGLE, _event("r"), False, "write", headers=ELSEWHERE),
    "from a page that may": _case(SINGLE, _event("s"), headers=PAGE),
    "from a page that may, with a key": _case(
        BATCH, {"events": [_event("t"), 5]}, True, "write", PAGE
    ),
    "from a page that may, with a key in the body": _case(
        SINGLE, _event("u", api_key="{write}"), headers=PAGE
    ),
    "from a page that may, wrongly": _case(SINGLE, {"event_name": ""}, False, headers=PAGE),
    "from a page that may, with a bad key": _case(SINGLE, _event("v"), False, "djw_x", PAGE),
    "from our own page": _case(
        SINGLE, _event("w"), False, headers=(("Origin", "http://localhost"),)
    ),
    "of a source": _case(BATCH, {"events": [_event("x", source="web")]}, key="sourced"),
    "of another source": _case(BATCH, {"events": [_event("y", source="tv"), 5]}, key="sourced"),
    "of no source": _case(SINGLE, _event("z"), False, key="sourced"),
}


@pytest.fixture
def houses(template: Path, tmp_path: Path) -> Iterator[Callable[[], House]]:
    """Makes servers that are alike: the same keys, the same clock."""
    made: list[House] = []

    def make() -> House:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        shutil.copy2(template, folder / template.name)
        made.append(House(Settings(data=folder), SECRETS[template]))
        made[-1].sql("""UPDATE projects SET origins = '["https://shop.example"]'""")
        return made[-1]

    yield make
    for house in made:
        house.app.close()


def filled(house: House, case: Case) -> tuple[bytes, dict[str, str]]:
    """The case's body and headers with this server's keys."""
    keys = {"write": house.secrets.write_key, "read": house.secrets.read_key}
    if case.key == "sourced":
        keys["sourced"] = sourced_key(house)
    body = case.body.replace(b"{write}", keys["write"].encode())
    headers = {"Content-Type": "application/json", **dict(case.headers)}
    if case.key is not None:
        headers["Authorization"] = f"Bearer {keys.get(case.key, case.key)}"
    return body, headers


def sourced_key(house: House) -> str:
    """A write key, as long as it lives the same, of a project that names its sources."""
    text = "djw_" + "k" * 43  # as they were without a checksum
    if not house.sql("SELECT 1 FROM projects WHERE id = 2"):
        house.new_project()
        house.sql("""UPDATE projects SET sources = '["web"]' WHERE id = 2""")
        house.sql(
            "INSERT INTO api_keys (project_id, kind, name, prefix, hash, created_at)"
            " VALUES (2, 'write', '', ?, ?, 0)",
            text[:8],
            secrets.digest(text),
        )
    return text


def slowly(house: House, case: Case) -> tuple[int, dict[str, str], Any]:
    """Through Flask: status, headers and body."""
    body, headers = filled(house, case)
    answer = house.client.post(case.path, data=body, headers=headers)
    return answer.status_code, dict(answer.headers), answer.json


def quickly(house: House, case: Case) -> tuple[int, dict[str, str], Any] | None:
    """Beside Flask; None when it is declined."""
    body, headers = filled(house, case)
    named = {name.upper().replace("-", "_"): value for name, value in headers.items()}
    heard: list[tuple[str, bytes, bytes]] = []
    came = threading.Event()

    def reply(*answer: Any) -> None:
        heard.append(answer)
        came.set()

    if not house.app.quick.take(case.path, named, body, reply, "127.0.0.1"):
        assert not heard
        return None
    assert came.wait(30)
    assert len(heard) == 1
    status, lines, text = heard[0]
    pairs = (line.split(": ", 1) for line in lines.decode().splitlines())
    return int(status[:3]), dict(pairs) | {"Content-Length": str(len(text))}, json.loads(text)


def masked(answer: tuple[int, dict[str, str], Any]) -> tuple[int, dict[str, str], Any]:
    """Without what is different in every answer: ids made at random, and arrival times."""
    status, headers, body = answer
    for name in ("request_id", "insert_id"):
        if name in body:
            body[name] = "…"
    headers = headers | {"X-Request-Id": "…"}
    if "RateLimit" in headers:  # what is left grows from one moment to the next
        headers["RateLimit"] = re.sub(r"=\d+", "=…", headers["RateLimit"])
    return status, headers, body


def told(house: House) -> Any:
    """The totals of the delivery ledger."""
    return house.client.get("/api/delivery/", headers=house.read).json["totals"]


def warm(house: House) -> None:
    """Have the keys and projects looked up, as any first request does."""
    for key in (None, "write", "read"):
        slowly(house, _case(SINGLE, _event("warm"), key=key))


@pytest.mark.parametrize("name", sorted(CASES))
def test_both_ways_answer_alike(
    houses: Callable[[], House], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, headers and body are the same, and what is not plain goes through Flask alone."""
    monkeypatch.setattr("djangalytics_server.http.access.REMEMBERED", 600_000_000)
    one, other = houses(), houses()
    for house in (one, other):
        warm(house)
        slowly(house, CASES["new"])
    expected = slowly(one, CASES[name])
    given = quickly(other, CASES[name])
    assert CASES[name].taken == (given is not None)
    if given is not None:
        assert masked(expected) == masked(given)
    assert one.stats()["event_counts"] == other.stats()["event_counts"] or given is None
    assert given is None or told(one) == told(other)


def test_a_key_is_looked_up_again_after_a_second(
    houses: Callable[[], House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quick way finds a key by itself, believes what it found for a second, and asks again."""
    house = houses()
    asked: list[str] = []
    ask = house.app.entrance.senders._ask

    def counted(question: str, values: tuple[object, ...]) -> Any:
        asked.append(question)
        return ask(question, values)

    monkeypatch.setattr(house.app.entrance.senders, "_ask", counted)
    monkeypatch.setattr("djangalytics_server.catalog.senders.REMEMBERED", 600_000_000)
    for _ in range(3):
        assert quickly(house, CASES["with a key"]) is not None
        assert quickly(house, CASES["new"]) is not None
    assert 2 == len(asked)
    monkeypatch.setattr("djangalytics_server.catalog.senders.REMEMBERED", 0)
    assert quickly(house, CASES["new"]) is not None
    assert 3 == len(asked)
    house.sql("UPDATE api_keys SET revoked_at = 5")
    assert quickly(house, CASES["with a key"]) is None


def test_where_asking_takes_a_network_the_ordinary_way_looks_up(
    houses: Callable[[], House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a database elsewhere the quick way only believes what the other has just found."""
    monkeypatch.setattr("djangalytics_server.catalog.senders.REMEMBERED", 600_000_000)
    house = houses()
    house.app.entrance.senders._inline = False
    for name in ("new", "with a key"):
        assert quickly(house, CASES[name]) is None
        slowly(house, CASES[name])
        assert quickly(house, CASES[name]) is not None


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_answers_alike_both_ways(houses: Callable[[], House], path: str) -> None:
    """Status, headers and body; a database that does not answer is left to the view's words."""
    house = houses()
    heard: list[tuple[str, bytes, bytes]] = []
    assert house.app.quick.take(path, {}, b"", lambda *answer: heard.append(answer))
    [(status, lines, text)] = heard
    given = dict(line.split(": ", 1) for line in lines.decode().splitlines())
    through = house.client.get(path)
    expected = dict(through.headers) | {"X-Request-Id": given["X-Request-Id"]}
    assert (through.status, through.data) == (status, text)
    assert expected == given | {"Content-Length": str(len(text))}
    house.sql("ALTER TABLE events RENAME TO gone")
    taken = house.app.quick.take(path, {}, b"", lambda *answer: heard.append(answer))
    assert taken == (path == "/healthz")


def test_a_full_queue_is_told_at_once(
    houses: Callable[[], House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the writer cannot take is answered 503 with Retry-After, as a problem document."""
    monkeypatch.setattr("djangalytics_server.http.access.REMEMBERED", 600_000_000)
    house = houses()
    warm(house)

    def full(*_what: object, **_how: object) -> None:
        raise QueueFull("Later.", retry_after=2)

    monkeypatch.setattr(house.app.quick._way.writer, "hand_in", full)
    answer = quickly(house, _case(SINGLE, _event("full")))
    assert answer is not None
    status, headers, body = answer
    assert (503, "2", "application/problem+json") == (
        status,
        headers["Retry-After"],
        headers["Content-Type"],
    )
    assert "queue_full" == body["code"]


def test_pipelined_captures_are_answered_in_order(tmp_path: Path) -> None:
    """Twenty requests in one write come back as twenty answers, in the order they were sent."""
    with running_server(tmp_path) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 30) as sock:
            requests = b""
            for number in range(20):
                body = json.dumps(_event(f"p{number}")).encode()
                requests += (
                    f"POST {SINGLE} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
                ).encode() + body
            sock.sendall(requests)
            heard = b""
            while heard.count(b'"status":"accepted"') < 20:
                data = sock.recv(65536)
                assert data, heard
                heard += data
        places = [heard.index(f'"p{number}"'.encode()) for number in range(20)]
        assert sorted(places) == places
        assert 20 == heard.count(b"HTTP/1.1 201 ")
