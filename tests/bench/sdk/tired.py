"""`python -m tests.bench.sdk.tired`: what callers notice of a server in trouble.

For each trouble, with the spool and without: four threads track, a thousand events a second each,
in a fresh process over a server that answers as bad ones do. Prints what a call takes; `--write
FILE` keeps the table, dated, as a section of a page. Name troubles to run those.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import subprocess
import sys
from array import array
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from tests.bench.page import keep_section
from tests.bench.sdk.processes import elsewhere
from tests.bench.sdk.sdks import ALL
from tests.bench.sdk.sink import Counts
from tests.bench.sdk.worker import AT_ONCE, TOGETHER, in_threads, microseconds, produce
from tests.faults.network import give, reset, whole
from tests.faults.process import free_port

HEADING = "## The SDK in trouble"
SECONDS = 6.0
Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; whether its connection goes on."""


def head(status: str, length: int, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{more}\r\n".encode()


def status(line: str, more: str = "", body: bytes = b"") -> Answer:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> bool:
        await give(writer, head(line, len(body), more) + body)
        return True

    return answer


async def good(request: bytes, writer: asyncio.StreamWriter) -> bool:
    top, _, body = request.partition(b"\r\n\r\n")
    counts = Counts().take(top + b"\r\n\r\n", body)
    await give(writer, head("200 OK", len(counts)) + counts)
    return True


async def slow(request: bytes, writer: asyncio.StreamWriter) -> bool:
    await asyncio.sleep(2.0)
    return await good(request, writer)


async def hang(_: bytes, writer: asyncio.StreamWriter) -> bool:
    await asyncio.sleep(3600)
    return False


async def trickle(_: bytes, writer: asyncio.StreamWriter) -> bool:
    await give(writer, head("200 OK", 1 << 20))
    while True:
        await give(writer, b" ")
        await asyncio.sleep(0.02)


async def cut(_: bytes, writer: asyncio.StreamWriter) -> bool:
    reset(writer)
    return False


TROUBLES: dict[str, Answer | None] = {
    "none": good,
    "down": None,
    "answers after 2 s": slow,
    "never answers": hang,
    "trickles its answers": trickle,
    "resets every connection": cut,
    "500": status("500 Internal Server Error"),
    "503": status("503 Service Unavailable"),
    "503, Retry-After: 1": status("503 Service Unavailable", "Retry-After: 1\r\n"),
    "429, Retry-After: 1": status("429 Too Many Requests", "Retry-After: 1\r\n"),
    "413": status("413 Content Too Large"),
    "400": status("400 Bad Request"),
    "401": status("401 Unauthorized"),
    "a page of HTML": status("200 OK", "Content-Type: text/html\r\n", b"<html></html>"),
}


@contextmanager
def server(trouble: str) -> Iterator[str]:
    """A server in trouble, in a process of its own; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    if TROUBLES[trouble] is None:
        yield url
        return
    command = [sys.executable, "-m", "tests.bench.sdk.tired", "--serve", str(port), trouble]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield url
        process.kill()


async def serve(port: int, answer: Answer) -> None:
    """Answer so until killed."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            while await answer(await whole(reader), writer):
                pass
        writer.close()

    async with await asyncio.start_server(connection, "127.0.0.1", port, limit=1 << 22) as running:
        print("ready", flush=True)
        await running.serve_forever()


def track(name: str, url: str) -> dict[str, float]:
    """The work of one process: what each call took, of the calls of all threads."""
    sdk = ALL[name](url, still=False)
    produce(sdk, 0, 2000)
    took = array("q", b"".join(map(bytes, in_threads(sdk, SECONDS))))
    return {**microseconds(took), "calls": len(took)}


def measure(name: str, trouble: str) -> dict[str, float]:
    """One trouble, one SDK, one fresh process."""
    with server(trouble) as url, elsewhere() as environment:
        command = [sys.executable, "-m", "tests.bench.sdk.tired", "--track", name, url]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("troubles", nargs="*", help=f"of {', '.join(TROUBLES)}; else all")
    parser.add_argument("--write", type=Path, help="keep the table in this page")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--track", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        answer = TROUBLES[given.serve[1]]
        assert answer is not None
        asyncio.run(serve(int(given.serve[0]), answer))
    elif given.track:
        print(json.dumps(track(*given.track)), flush=True)
        os._exit(0)  # what is queued is of no use to anybody
    else:
        lines = table(given.troubles or list(TROUBLES))
        if given.write:
            keep_section(given.write, section(lines))


def table(troubles: list[str]) -> list[str]:
    """The lines of the table; printed as they come."""
    lines = [
        "| the server | calls | median µs | p99 µs | longest ms | no spool: median | p99 | most |",
        "|---" * 8 + "|",
    ]
    print("\n".join(lines), flush=True)
    for trouble in troubles:
        cells = []
        for name in ("spooled", "ours"):
            told = measure(name, trouble)
            figures = f"{told['median']:.0f} | {told['p99']:.0f} | {told['longest'] / 1000:.1f}"
            cells.append(f"{told['calls']:,} | {figures}" if name == "spooled" else figures)
        lines.append(f"| {trouble} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def section(lines: list[str]) -> list[str]:
    """The section of the page."""
    day = datetime.now(timezone.utc).date().isoformat()
    return [
        HEADING,
        "",
        f"{day}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}.",
        f"{TOGETHER} threads track {AT_ONCE} events each, wait for 10 ms, and so on for"
        f" {SECONDS:.0f} s, while the server does",
        "what stands in the first column, to every request. What a call of `track()` takes;",
        "we want a p99 under 1,000 µs in every row:",
        "",
        *lines,
    ]


if __name__ == "__main__":
    main()
