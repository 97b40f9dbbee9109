"""`python -m tests.bench.sdk.sink`: a server that takes events of any SDK, at little cost.

It prints its address. For each line on standard input it prints a line of JSON: how many events,
bytes and requests it has had, and when the last came (monotonic seconds).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import zlib

MARKS = (b'"seq"', b"%22seq%22")
"""Every event has a property of this name: so events are counted without reading JSON."""


class Counts:
    """What has come so far."""

    def __init__(self) -> None:
        self.events = self.size = self.requests = 0
        self.last = 0.0

    def take(self, head: bytes, body: bytes) -> bytes:
        """Count one request -> the answer that its sender understands."""
        self.size += len(head) + len(body)
        self.requests += 1
        if b"\r\ncontent-encoding: gzip" in head.lower():
            body = zlib.decompress(body, 31)
        events = max(body.count(mark) for mark in MARKS)
        self.events += events
        self.last = time.monotonic()
        counts = {"accepted": events, "duplicates": 0, "rejected": 0}
        return json.dumps({**counts, "status": 1, "code": 200, "success": True}).encode()


class Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._came = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        while (end := self._came.find(b"\r\n\r\n") + 4) > 3:
            head = self._came[:end]
            (length,) = [
                int(line[15:])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ] or [0]
            if len(self._came) < end + length:
                return
            body, self._came = self._came[end : end + length], self._came[end + length :]
            answer = self._counts.take(head, body)
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(answer), answer)
            )


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    counts = Counts()
    server = await loop.create_server(lambda: Connection(counts), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(vars(counts)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
