"""A network that fails, between a program and a server: a proxy on the loopback.

It reads whole requests, and does to each of them what a fault says. Which one is chance's, seeded.
Answers of the server go through it too, so it can lose them after the server has stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping
from types import TracebackType

from tests.faults.process import free_port

LONGEST_DELAY = 0.3
PATIENCE = 5.0
"""Seconds that the server may take for an answer."""
_PAGE = b"<html>Please log in</html>"
PORTAL = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(_PAGE), _PAGE)
BUSY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"

FAULTS: dict[str, int] = {
    "passed": 10,
    "delayed": 2,
    "trickled": 1,
    "request cut off": 1,
    "request lost": 1,
    "request doubled": 2,
    "reset after storing": 2,
    "answer cut short": 1,
    "answer too late": 1,
    "portal": 1,
    "bad gateway": 1,
}
"""What may happen to a request, and how often beside the others."""


class Proxy:
    """The proxy: listens on ``port`` as long as its block runs, in a thread of its own.

    ``happened`` counts what was done. ``calm()`` ends the faults.
    """

    def __init__(
        self, server_port: int, chance: random.Random, faults: Mapping[str, int] | None = None
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.happened: Counter[str] = Counter()
        self._server_port = server_port
        self._chance = chance
        self._faults = dict(FAULTS if faults is None else faults)
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def calm(self) -> None:
        """From here on every request passes."""
        self._faults = {"passed": 1}

    def __enter__(self) -> Proxy:
        self._thread.start()
        serving = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._listener = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in self._writers:  # who does not read what is left would keep it open
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: request after request, until one of them ends it."""
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
                while await self._exchange(await whole(reader), writer):
                    pass
        finally:
            writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        self._writers.discard(writer)

    async def _exchange(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Do with a request what chance says; whether its connection goes on."""
        (fault,) = self._chance.choices(list(self._faults), list(self._faults.values()))
        self.happened[fault] += 1
        if fault in ("portal", "bad gateway"):
            await give(writer, PORTAL if fault == "portal" else BUSY)
            return True
        if fault == "request cut off":
            await self._ask(request[: self._chance.randrange(len(request))], cut=True)
        if fault in ("request cut off", "request lost"):
            reset(writer)
            return False
        if fault == "delayed":
            await asyncio.sleep(self._chance.uniform(0, LONGEST_DELAY))
        if fault == "request doubled":
            answers = await asyncio.gather(self._ask(request), self._ask(request))
            answer = self._chance.choice(answers)
        else:
            answer = await self._ask(request)
        if answer is None:  # the server is away
            reset(writer)
            return False
        return await self._answer(fault, answer, writer)

    async def _answer(self, fault: str, answer: bytes, writer: asyncio.StreamWriter) -> bool:
        if fault == "reset after storing":
            reset(writer)
            return False
        if fault == "answer cut short":
            await give(writer, answer[: self._chance.randrange(len(answer))])
            return False
        if fault == "answer too late":
            await asyncio.sleep(self._chance.uniform(1, 2))
        pieces = 20 if fault == "trickled" else 1
        size = len(answer) // pieces + 1
        for start in range(0, len(answer), size):
            await give(writer, answer[start : start + size])
            if pieces > 1:
                await asyncio.sleep(0.01)
        return True

    async def _ask(self, request: bytes, *, cut: bool = False) -> bytes | None:
        """Send a request to the server -> its answer; None when there is none."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            return None
        try:
            await give(writer, request)
            return None if cut else await asyncio.wait_for(whole(reader), PATIENCE)
        except (OSError, EOFError, TimeoutError, asyncio.TimeoutError):
            return None
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def whole(reader: asyncio.StreamReader) -> bytes:
    """One request or answer with a Content-Length, head and body. EOFError when there is none."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line[15:] for line in head.split(b"\r\n") if line.lower()[:15] == b"content-length:"]
    return head + await reader.readexactly(int(lengths[0]) if lengths else 0)


async def give(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send some bytes."""
    writer.write(data)
    await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """Have the connection end by RST, as that of a process or a network that is gone."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
