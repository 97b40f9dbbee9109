"""Events and requests that the senders make, and one request on a connection of its own."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import random
import time
from dataclasses import dataclass
from typing import Any

NAMES = ("signup", "purchase", "page opened", "file saved", "größe geändert")


@dataclass(frozen=True, slots=True)
class Request:
    """One request and the insert ids in it; ``bad`` are those of events that must be refused."""

    path: str
    body: bytes
    headers: dict[str, str]
    ids: list[str]
    bad: list[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers in lower case, and the body as JSON (None when it is none)."""

    status: int
    headers: dict[str, str]
    body: Any


def uuid7() -> str:
    """A UUIDv7 of this moment."""
    value = (time.time_ns() // 1_000_000 & (2**48 - 1)) << 80
    value |= int.from_bytes(os.urandom(10), "big") & ~(0xF << 76) & ~(0x3 << 62)
    text = f"{value | 0x7 << 76 | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def event(chance: random.Random, insert_id: str | None = None) -> dict[str, Any]:
    """One event with a few properties of every type."""
    properties: dict[str, Any] = {"plan": chance.choice(("free", "pro")), "n": chance.randrange(99)}
    if chance.random() < 0.3:
        properties |= {"price": 9.5, "trial": True, "coupon": None, "tags": ["a"], "at": {"x": 1}}
    return {
        "event_name": chance.choice(NAMES),
        "insert_id": insert_id or uuid7(),
        "distinct_id": f"user-{chance.randrange(1000)}",
        "properties": properties,
    }


def single(chance: random.Random) -> Request:
    """A request with one event."""
    made = event(chance)
    return _request("/api/capture_event/", made, [made["insert_id"]], [], compress=False)


def batch(chance: random.Random, size: int, bad: int = 0) -> Request:
    """A gzip request with ``size`` good events and ``bad`` ones that have no name."""
    good = [event(chance) for _ in range(size)]
    wrong = [{"event_name": "", "insert_id": uuid7()} for _ in range(bad)]
    body = {"events": good + wrong}
    ids = [[str(one["insert_id"]) for one in some] for some in (good, wrong)]
    return _request("/api/capture_batch/", body, *ids, compress=True)


def _request(path: str, body: object, ids: list[str], bad: list[str], *, compress: bool) -> Request:
    data = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if compress:
        data = gzip.compress(data, 1)
        headers["Content-Encoding"] = "gzip"
    return Request(path, data, headers, ids, bad)


def send(client: http.client.HTTPConnection, request: Request) -> Answer:
    """Send a request and read its whole answer. Raises OSError and HTTPException."""
    client.request("POST", request.path, request.body, request.headers)
    return read(client)


def read(client: http.client.HTTPConnection) -> Answer:
    """The whole answer to what was sent."""
    response = client.getresponse()
    content = response.read()
    body = None
    with contextlib.suppress(ValueError):
        body = json.loads(content)
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)


def post(port: int, request: Request, timeout: float = 90.0) -> Answer:
    """Send one request on a connection of its own."""
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    ) as client:
        return send(client, request)


def get(port: int, path: str, timeout: float = 90.0) -> Answer:
    """Ask on a connection of its own."""
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    ) as client:
        client.request("GET", path)
        return read(client)
