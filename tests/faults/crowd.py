"""`python -m tests.faults.crowd --port N --connections N`: many connections, one process.

Every connection sends a request, reads its answer and sends the next, without a pause and whatever
the answer was; with ``--rate`` all of them together send so many a second. At the end one line of
JSON: answers by status, those of 429 and 503 that lacked Retry-After, requests without an answer,
milliseconds of the good ones, how many of those came in time, and requests sent a second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from typing import Any

from tests.faults.events import uuid7

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TIME, _CHANCE = b"TTTTTTTT-TTTT", b"CCCCCCCCCCCC"
"""Where in a request the first and the last letters of a new insert id go."""


class Member:
    """One connection: what it still has to send, and what it has of an answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sock: socket.socket | None = None
        self.asking = False
        self.rest = b""
        self.got = b""
        self.began = 0.0

    def connect(self) -> socket.socket:
        """A new connection."""
        self.sock = socket.create_connection(("127.0.0.1", self.port), 30)
        self.sock.setblocking(False)
        return self.sock

    def write(self, sock: socket.socket) -> None:
        """Send what there is room for."""
        try:
            sent = sock.send(self.rest)
        except BlockingIOError:
            return
        except OSError:
            # It ended; the end is read too, and counts as a request without an answer.
            sent = len(self.rest)
        self.rest = self.rest[sent:]

    def answer(self) -> bytes | None:
        """The head of a complete answer, None while more is to come."""
        head, ended, body = self.got.partition(b"\r\n\r\n")
        if not ended:
            return None
        length = _LENGTH.search(head)
        if length is not None and len(body) < int(length[1]):
            return None
        self.got = b""
        return head


class Crowd:
    """All members, driven by one loop.

    A connection is watched from its beginning to its end, and a request is a template with new
    insert ids in it: what a crowd costs itself, it cannot offer.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.statuses: Counter[str] = Counter()
        self.bare = self.lost = self.in_time = 0
        self.milliseconds: list[float] = []
        self._template = template(options.batch)
        self._rate = options.rate
        self._selector = selectors.DefaultSelector()
        self._idle: deque[Member] = deque(Member(options.port) for _ in range(options.connections))
        self._busy = 0
        self._end = 0.0

    def run(self, seconds: float) -> dict[str, Any]:
        """Send for so long, then wait for the last answers; what there is to tell."""
        began = time.monotonic()
        end, sent = began + seconds, 0
        self._end = end
        while time.monotonic() < end or self._busy:
            now = time.monotonic()
            due = len(self._idle) if not self._rate else int((now - began) * self._rate) - sent
            while self._idle and due > 0 and now < end:
                self._send(self._idle.popleft())
                sent, due = sent + 1, due - 1
            if now > end + 60:
                self.lost += self._busy
                break
            for key, events in self._selector.select(0.01):
                self._go_on(key.data, events)
        return {
            "statuses": self.statuses,
            "without_retry_after": self.bare,
            "lost": self.lost,
            "in_time": self.in_time,
            "milliseconds": self.milliseconds,
            "seconds": seconds,
            "rate": sent / seconds,
        }

    def _send(self, member: Member) -> None:
        sock = member.sock
        if sock is None:
            sock = member.connect()
            self._selector.register(sock, selectors.EVENT_READ, member)
        fresh = uuid7().encode()
        member.rest = self._template.replace(_TIME, fresh[:13]).replace(_CHANCE, fresh[-12:])
        member.began, member.asking = time.monotonic(), True
        self._busy += 1
        member.write(sock)
        if member.rest:
            self._selector.modify(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, member)

    def _go_on(self, member: Member, events: int) -> None:
        sock = member.sock
        assert sock is not None
        if events & selectors.EVENT_WRITE and member.rest:
            member.write(sock)
            if not member.rest:
                self._selector.modify(sock, selectors.EVENT_READ, member)
        if not events & selectors.EVENT_READ:
            return
        try:
            data = sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        member.got += data
        head = member.answer() if data else None
        if head is not None:
            self._answered(member, head)
        if not data or (head is not None and b"connection: close" in head.lower()):
            self._ended(member, sock)

    def _answered(self, member: Member, head: bytes) -> None:
        self._at_rest(member)
        status = head[9:12].decode()
        self.statuses[status] += 1
        if status in ("429", "503") and b"retry-after:" not in head.lower():
            self.bare += 1
        if status.startswith("2"):
            now = time.monotonic()
            self.milliseconds.append((now - member.began) * 1000)
            self.in_time += now <= self._end

    def _ended(self, member: Member, sock: socket.socket) -> None:
        if member.asking:
            self.lost += 1
            self._at_rest(member)
        self._selector.unregister(sock)
        sock.close()
        member.sock, member.got, member.rest = None, b"", b""

    def _at_rest(self, member: Member) -> None:
        member.asking = False
        self._busy -= 1
        self._idle.append(member)


def template(size: int) -> bytes:
    """A request of so many events (0: one, alone) with places for new insert ids."""
    made = ",".join(
        f'{{"event_name":"signup","insert_id":"{_TIME.decode()}-7{place % 4096:03x}-8'
        f'{place // 4096:03x}-{_CHANCE.decode()}","distinct_id":"user-1827",'
        '"properties":{"plan":"pro","price":49.9,"items":3}}'
        for place in range(size or 1)
    )
    body = f'{{"events":[{made}]}}' if size else made
    path = "/api/capture_batch/" if size else "/api/capture_event/"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def start(port: int, *options: str) -> subprocess.Popen[str]:
    """A crowd in a process of its own; ``told`` ends it."""
    command = [sys.executable, "-m", "tests.faults.crowd", "--port", str(port), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def told(crowd: subprocess.Popen[str], patience: float = 180.0) -> dict[str, Any]:
    """What a crowd says at its end."""
    try:
        printed, _ = crowd.communicate(timeout=patience)
    finally:
        crowd.kill()
        crowd.wait()
    return dict(json.loads(printed))


def main() -> None:
    """Run one crowd."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--batch", type=int, default=0, help="events of a request; 0: one, alone")
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second; 0: no bound")
    options = parser.parse_args()
    with contextlib.suppress(ImportError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(Crowd(options).run(options.seconds)))


if __name__ == "__main__":
    main()
