"""The candidate arrangements.

`python -m tests.bench.front.arrangements NAME PORT THREADS` serves one.
"""

from __future__ import annotations

import asyncio
import functools
import io
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench.front.sample import build

HEAD_SECONDS = 15.0


def gunicorn_gthread(port: int, threads: int, worker_class: Any = "gthread") -> None:
    """Gunicorn with its threads, as it comes."""
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        def load_config(self) -> None:
            options = {
                "bind": f"127.0.0.1:{port}",
                "worker_class": worker_class,
                "threads": threads,
                "workers": 1,
                "loglevel": "error",
                "control_socket_disable": True,
                "graceful_timeout": 5,
                "keepalive": 75,
                "worker_connections": 4096,
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return build()

    Server().run()


def gunicorn_buffered(port: int, threads: int) -> None:
    """Gunicorn whose worker gives a thread only to a request that has arrived whole."""
    from gunicorn.workers.gthread import TConn, ThreadWorker

    class Buffered(ThreadWorker):
        def accept(self, listener: Any) -> None:
            try:
                sock, address = listener.accept()
            except OSError:
                return
            sock.setblocking(False)
            self.nr_conns += 1
            conn = TConn(self.cfg, sock, address, listener.getsockname())
            conn.got = b""
            self.poller.register(sock, selectors.EVENT_READ, functools.partial(self.collect, conn))

        def on_client_socket_readable(self, conn: Any, client: Any) -> None:
            self.keepalived_conns.remove(conn)
            conn.got = b""
            self.poller.modify(client, selectors.EVENT_READ, functools.partial(self.collect, conn))
            self.collect(conn, client)

        def collect(self, conn: Any, client: Any) -> None:
            try:
                data = client.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            conn.got += data
            if data and not whole(conn.got):
                return
            self.poller.unregister(client)
            if not data:
                self.nr_conns -= 1
                conn.close()
                return
            conn.data_ready = True
            client.setblocking(True)
            conn.init()
            conn.parser.unreader.unread(conn.got)
            self.enqueue_req(conn)

    gunicorn_gthread(port, threads, Buffered)


def whole(got: bytes) -> bool:
    """Say whether the head and a body of known length have arrived."""
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return False
    for line in got[:end].lower().split(b"\r\n")[1:]:
        if line.startswith(b"content-length:"):
            return len(got) >= end + 4 + int(line[15:])
    return True


def waitress_plain(port: int, threads: int) -> None:
    """Waitress, as it comes (poll instead of select, so that 500 sockets fit)."""
    import waitress

    waitress.serve(
        build(),
        host="127.0.0.1",
        port=port,
        threads=threads,
        asyncore_use_poll=True,
        connection_limit=4000,
    )


def waitress_drain(port: int, threads: int) -> None:
    """Waitress with a drain of our own on SIGTERM; its channels and loop untouched."""
    import waitress

    server = waitress.create_server(
        build(),
        host="127.0.0.1",
        port=port,
        threads=threads,
        asyncore_use_poll=True,
        connection_limit=4000,
    )
    stopping: list[float] = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(time.monotonic() + 5))
    while True:
        server.asyncore.loop(timeout=0.2, map=server._map, use_poll=True, count=1)
        if stopping:
            if server.accepting:
                server.accepting = False
                server.socket.close()
                server.del_channel()
            for channel in list(server.active_channels.values()):
                if not channel.requests and not channel.total_outbufs_len:
                    channel.will_close = True
            if not server.active_channels or time.monotonic() > stopping[0]:
                return


def granian_wsgi(port: int, threads: int) -> None:
    """Granian in its WSGI mode."""
    from granian.server import Server

    Server(
        "tests.bench.front.arrangements:wsgi",
        address="127.0.0.1",
        port=port,
        interface="wsgi",
        workers=1,
        blocking_threads=threads,
        log_enabled=False,
    ).serve()


def granian_rsgi(port: int, threads: int) -> None:
    """Granian in RSGI mode with a bridge of ours to WSGI and its own WebSockets."""
    from granian.server import Server

    os.environ["BENCH_THREADS"] = str(threads)
    Server(
        "tests.bench.front.arrangements:rsgi",
        address="127.0.0.1",
        port=port,
        interface="rsgi",
        workers=1,
        log_enabled=False,
    ).serve()


class Bridge:
    """RSGI outside, WSGI inside: the body is awaited before a thread is taken."""

    def __init__(self) -> None:
        self.wsgi = build()
        self.pool = ThreadPoolExecutor(int(os.environ.get("BENCH_THREADS", "16")))
        self.members: set[Any] = set()

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        if scope.proto == "ws":
            await self.websocket(proto)
            return
        if scope.path == "/broadcast":
            for member in list(self.members):
                await member.send_str("hello")
            proto.response_str(200, [], str(len(self.members)))
            return
        body = await asyncio.wait_for(proto(), HEAD_SECONDS)
        loop = asyncio.get_running_loop()
        status, headers, answer = await loop.run_in_executor(self.pool, self.call, scope, body)
        proto.response_bytes(status, headers, answer)

    async def websocket(self, proto: Any) -> None:
        member = await proto.accept()
        self.members.add(member)
        try:
            while True:
                message = await member.receive()
                if message.kind == 0:
                    break
                await member.send_str(message.data)
        finally:
            self.members.discard(member)

    def call(self, scope: Any, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        environ = {
            "REQUEST_METHOD": scope.method,
            "PATH_INFO": scope.path,
            "QUERY_STRING": scope.query_string,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "0",
            "SCRIPT_NAME": "",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in scope.headers.items():
            if name == "content-type":
                environ["CONTENT_TYPE"] = value
            else:
                environ["HTTP_" + name.upper().replace("-", "_")] = value
        told: list[Any] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
            told.extend((status, headers))

        chunks = self.wsgi(environ, start_response)
        answer = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        return int(told[0][:3]), told[1], answer


def front(port: int, threads: int) -> None:
    """The front of this project."""
    from djangalytics_server import front as ours

    sys.exit(
        ours.serve(
            build, sockets=[ours.bind("127.0.0.1", port)], threads=threads, graceful_seconds=5
        )
    )


def __getattr__(name: str) -> Any:
    if name == "wsgi":
        return build()
    if name == "rsgi":
        return Bridge()
    raise AttributeError(name)


ARRANGEMENTS: dict[str, Callable[[int, int], None]] = {
    "gunicorn-gthread": gunicorn_gthread,
    "gunicorn-buffered": gunicorn_buffered,
    "waitress": waitress_plain,
    "waitress-drain": waitress_drain,
    "granian-wsgi": granian_wsgi,
    "granian-rsgi": granian_rsgi,
    "front": front,
}

if __name__ == "__main__":
    ARRANGEMENTS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
