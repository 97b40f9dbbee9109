"""Clients that take their time: heads and bodies that trickle in, and silent connections."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD = b"POST /api/capture_event/ HTTP/1.1\r\nHost: x\r\nX-Slow: "
BODY = (
    b"POST /api/capture_event/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b'Content-Length: 4000\r\n\r\n{"event_name": "'
)


@dataclass(eq=False, slots=True)
class Trickler:
    """One connection that sends a byte now and then, and what it was told at last."""

    sock: socket.socket
    start: bytes
    began: float = field(default_factory=time.monotonic)
    answer: bytes = b""
    ended_after: float | None = None

    def step(self) -> None:
        """Send one byte more, or read the answer to its end once there is one."""
        if self.ended_after is not None:
            return
        try:
            if select.select([self.sock], [], [], 0)[0]:
                self.ended_after = time.monotonic() - self.began
                while data := self.sock.recv(65536):
                    self.answer += data
            else:
                self.sock.send(b"a")
        except OSError:
            self.ended_after = time.monotonic() - self.began


@dataclass(slots=True)
class Crowd:
    """The slow clients of one server; ``over`` says that each trickler has been ended."""

    tricklers: list[Trickler]
    idle: list[socket.socket]

    @property
    def over(self) -> bool:
        """Whether the server has ended every trickler's connection."""
        return all(one.ended_after is not None for one in self.tricklers)


@contextlib.contextmanager
def slow_clients(port: int, heads: int, bodies: int, idle: int) -> Iterator[Crowd]:
    """So many of each kind until the block ends; four bytes a second from each trickler."""
    with contextlib.ExitStack() as stack:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))

        crowd = Crowd([], [connect() for _ in range(idle)])
        for start in [HEAD] * heads + [BODY] * bodies:
            one = Trickler(connect(), start)
            one.sock.sendall(start)
            crowd.tricklers.append(one)
        stop = threading.Event()

        def feed() -> None:
            while not stop.wait(0.25):
                for one in crowd.tricklers:
                    one.step()

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            yield crowd
        finally:
            stop.set()
            feeder.join()
