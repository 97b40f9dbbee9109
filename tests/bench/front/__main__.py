"""`python -m tests.bench.front [BENCH …] [--only NAME,…]` prints one table per bench.

Loopback only; about a minute for each arrangement. Throughput needs wrk (Debian: `apt-get
install wrk`); the drain and the rest need Python alone.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench.front.arrangements import ARRANGEMENTS
from tests.bench.front.client import EVENT, Server, answer, centile, get, post


def throughput(name: str) -> dict[str, str]:
    """Requests a second on keep-alive connections, server on one core and wrk on the other."""
    row = {}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(
            f"wrk.method='POST'\nwrk.body=[[{EVENT.decode()}]]\n"
            "wrk.headers['Content-Type']='application/json'\n"
        )
        for path in ("/event", "/bare"):
            for connections in (16, 64):
                with Server(name, 16) as server:
                    row[f"{path} c{connections}"] = wrk(server, path, connections, script)
    return row


def wrk(server: Server, path: str, connections: int, script: Path) -> str:
    """The best of four rounds of two seconds: rate, its p99, server CPU for one request."""
    url = f"http://127.0.0.1:{server.port}{path}"
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", "-d2s", "--latency"]
    rounds = []
    for _ in range(4):
        spent = server.cpu_seconds()
        told = subprocess.run([*command, "-s", str(script), url], capture_output=True, check=True)
        spent = server.cpu_seconds() - spent
        out = told.stdout.decode()
        tail, rate = re.findall(r"(?:Requests/sec:|99%)\s+(\S+)", out)
        done = int(re.findall(r"(\d+) requests in", out)[0])
        bad = " !" if "Non-2xx" in out or "Socket errors" in out else ""
        rounds.append((float(rate), f"p99 {tail}", spent / done * 1e6, bad))
    rate, tail, _, bad = max(rounds)
    return f"{rate:.0f}/s {tail} {min(one[2] for one in rounds):.0f} µs{bad}"


class Heard(NamedTuple):
    """What good clients saw: seconds of each answer, and how many got none in two seconds."""

    seconds: list[float]
    lost: int


def good_clients(server: Server, seconds: float) -> Heard:
    """Two kept-alive and two fresh-connection clients, about 50 requests a second each."""
    took: list[float] = []
    lost = [0]

    def run(fresh: bool) -> None:
        until = time.monotonic() + seconds
        sock = None
        while time.monotonic() < until:
            start = time.perf_counter()
            try:
                if sock is None:
                    sock = server.connect(2)
                sock.sendall(post("/event"))
                if not answer(sock).startswith(b"HTTP/1.1 201"):
                    raise OSError("no answer")
                took.append(time.perf_counter() - start)
            except OSError:
                lost[0] += 1
                if sock:
                    sock.close()
                sock = None
            if fresh and sock:
                sock.close()
                sock = None
            time.sleep(0.02)

    threads = [threading.Thread(target=run, args=(i % 2 == 0,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Heard(took, lost[0])


def trickle(socks: list[socket.socket], heads: int, stop: threading.Event) -> None:
    """Feed one byte a half-second: the first `heads` never end their head, the rest their body."""
    for index, sock in enumerate(socks):
        slow_body = post("/event", b"x" * 4000)[:-3990]
        sock.sendall(b"POST /event HTTP/1.1\r\nHost: b\r\nX-A: " if index < heads else slow_body)
    while not stop.wait(0.5):
        for sock in socks:
            try:
                sock.send(b"a")
            except OSError:
                continue


def slow_clients(name: str) -> dict[str, str]:
    """Good clients' latency (best of three), alone and beside slow ones; server with 8 threads."""
    row = {}
    cases = {"alone": (0, 0, 0), "10 heads": (10, 0, 0), "50 heads": (50, 0, 0)}
    cases |= {"50 bodies": (0, 50, 0), "500 idle": (0, 0, 500), "25+25+500": (25, 25, 500)}
    for case, (heads, bodies, idle) in cases.items():
        with Server(name) as server:
            stop = threading.Event()
            good_clients(server, 0.5)
            socks = [server.connect() for _ in range(heads + bodies)]
            quiet = [server.connect() for _ in range(idle)]
            feeder = threading.Thread(target=trickle, args=(socks, heads, stop))
            feeder.start()
            time.sleep(0.7)
            rounds = [good_clients(server, 2) for _ in range(3)]
            heard = min(rounds, key=lambda one: (one.lost, centile(one.seconds, 0.99)))
            stop.set()
            feeder.join()
            for sock in socks + quiet:
                sock.close()
        row[case] = (
            f"{centile(heard.seconds, 0.5):.1f}/{centile(heard.seconds, 0.99):.1f} ms"
            f" lost {heard.lost}/{heard.lost + len(heard.seconds)}"
        )
    return row


class Drained:
    """Eight busy clients and four patient ones, counting what became of their requests."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.answered = self.unanswered = self.slow = 0
        self.over = threading.Event()
        self._lock = threading.Lock()

    def busy(self, fresh: bool) -> None:
        """Ask without pause, on a fresh or a kept connection, until connecting is refused."""
        sock = None
        while not self.over.is_set():
            try:
                sock = sock or self.server.connect()
            except OSError:
                return
            got = self._ask(sock, post("/event"))
            with self._lock:
                self.answered += bool(got)
                self.unanswered += not got
            if fresh or not got or b"connection: close" in got.lower():
                sock.close()
                sock = None

    def patient(self) -> None:
        """Ask once for what takes a second."""
        with self.server.connect(10) as sock:
            got = self._ask(sock, get("/slow"))
        with self._lock:
            self.slow += bool(got)

    def _ask(self, sock: socket.socket, request: bytes) -> bytes:
        try:
            sock.sendall(request)
            return answer(sock)
        except OSError:
            return b""


def drain(name: str) -> dict[str, str]:
    """SIGTERM with slow requests in flight, busy, idle kept-alive and fresh connections."""
    with Server(name) as server, contextlib.ExitStack() as stack:
        clients = Drained(server)
        for _ in range(50):
            sock = stack.enter_context(server.connect())
            sock.sendall(get("/"))
            answer(sock)
        runs = [functools.partial(clients.busy, number % 2 == 0) for number in range(8)]
        threads = [threading.Thread(target=run) for run in [*runs, *[clients.patient] * 4]]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        try:
            code = str(server.process.wait(12))
        except subprocess.TimeoutExpired:
            code = "still running"
            os.killpg(server.process.pid, signal.SIGKILL)
        took = time.monotonic() - start
        clients.over.set()
        for thread in threads:
            thread.join()
    return {
        "exit": f"{code} in {took:.1f} s",
        "slow answered": f"{clients.slow}/4",
        "unanswered": f"{clients.unanswered} of {clients.unanswered + clients.answered}",
    }


def websockets(name: str) -> dict[str, str]:
    """500 sockets: opened, one broadcast each second for three, ordinary requests meanwhile."""
    with Server(name) as server:
        before = server.size()
        socks: list[socket.socket] = []
        for _ in range(500):
            sock = server.connect()
            sock.sendall(
                b"GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            try:
                opened = sock.recv(4096).startswith(b"HTTP/1.1 101")
            except OSError:
                opened = False
            if not opened:
                return {"opened": f"{len(socks)} of 500"}
            socks.append(sock)
        after = server.size()
        heard: list[Heard] = []
        meanwhile = threading.Thread(target=lambda: heard.append(good_clients(server, 3)))
        meanwhile.start()
        for _ in range(3):
            with server.connect() as sock:
                sock.sendall(get("/broadcast"))
                answer(sock)
            time.sleep(0.8)
        meanwhile.join()
        full = 0
        for sock in socks:
            got = b""
            try:
                while got.count(b"hello") < 3:
                    data = sock.recv(4096)
                    if not data:
                        break
                    got += data
            except OSError:
                pass
            full += got.count(b"hello") == 3
            sock.close()
    return {
        "opened": "500 of 500",
        "got 3 broadcasts": str(full),
        "KiB a socket": f"{(after[0] - before[0]) * 1024 / 500:.1f}",
        "threads": str(after[1]),
        "good p99": f"{centile(heard[0].seconds, 0.99):.1f} ms, lost {heard[0].lost}",
    }


BENCHES: dict[str, Callable[[str], dict[str, str]]] = {
    "throughput": throughput,
    "slow": slow_clients,
    "drain": drain,
    "websockets": websockets,
}


def main() -> None:
    """Run the benches asked for and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", nargs="*", metavar="BENCH", help=", ".join(BENCHES))
    parser.add_argument("--only", default=",".join(ARRANGEMENTS))
    chosen = parser.parse_args()
    for bench in chosen.bench or BENCHES:
        if bench == "throughput" and not shutil.which("wrk"):
            print("throughput: skipped, wrk is not installed")
            continue
        header: list[str] = []
        for name in chosen.only.split(","):
            row = BENCHES[bench](name)
            if len(row) > len(header):
                header = list(row)
                print(f"\n| {bench} | {' | '.join(header)} |\n|{'---|' * (len(header) + 1)}")
            print(f"| {name} | {' | '.join(row.get(key, '') for key in header)} |", flush=True)


if __name__ == "__main__":
    main()
