"""Sends prepared requests over kept-alive connections and writes down every answer's time."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Heard:
    """What a run heard: seconds it took, each answer's seconds, and how many had which status."""

    seconds: float = 0.0
    answers: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def centile(self, share: float) -> float:
        """The ``share`` quantile of the answers, in milliseconds."""
        ordered = sorted(self.answers)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1_000

    @property
    def rate(self) -> float:
        """Answers of status 2xx a second."""
        good = sum(count for status, count in self.statuses.items() if status < 300)
        return good / self.seconds


def request(path: str, body: bytes, gzipped: bool) -> bytes:
    """One keep-alive POST."""
    encoding = "Content-Encoding: gzip\r\n" if gzipped else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{encoding}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def send(port: int, requests: Sequence[bytes], connections: int, most_seconds: float) -> Heard:
    """Send them all, one outstanding a connection, for at most so long; what was heard.

    The clock stops at the last answer.
    """
    heard = Heard()
    waiting = iter(requests)
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        selector.register(
            socket.create_connection(("127.0.0.1", port), 30), selectors.EVENT_READ, [b"", 0.0]
        )
    began = last = time.perf_counter()
    busy = sum(_next(key, waiting) for key in list(selector.get_map().values()))
    while busy:
        for key, _ in selector.select(30):
            data = key.fileobj.recv(65536)  # type: ignore[union-attr]
            if not data:
                raise ConnectionError("the server ended the connection")
            key.data[0] += data
            status = _whole(key.data[0])
            if status is None:
                continue
            last = time.perf_counter()
            heard.answers.append(last - key.data[1])
            heard.statuses[status] = heard.statuses.get(status, 0) + 1
            key.data[0] = b""
            if last - began > most_seconds or not _next(key, waiting):
                busy -= 1
    heard.seconds = last - began
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    selector.close()
    return heard


def _next(key: selectors.SelectorKey, waiting: Iterator[bytes]) -> bool:
    data = next(waiting, None)
    if data is None:
        return False
    key.data[1] = time.perf_counter()
    key.fileobj.sendall(data)  # type: ignore[union-attr]
    return True


def _whole(data: bytes) -> int | None:
    """The status of a complete answer, or None while it is incomplete."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    place = head.lower().find(b"content-length:")
    if place >= 0 and len(body) < int(head[place + 15 :].split(b"\r\n", 1)[0]):
        return None
    return int(head[9:12])
