"""Connections that do not wait for ever: neither for an answer that trickles in, which is cut off
in the end, nor for a lock that a fork left behind."""

from __future__ import annotations

import http.client
import io
import queue
import socket
import time
from functools import partial
from typing import Any, NamedTuple

import requests
import requests.adapters
import urllib3


class Timeouts(NamedTuple):
    """Seconds to connect, to wait for the next bytes of an answer, and for the whole of it."""

    connect: float = 5.0
    read: float = 10.0
    answer: float = 30.0


class _Within(io.RawIOBase):
    """The incoming bytes of a connection, until the time for an answer is over."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._raw = raw
        self._sock = sock
        self._most = sock.gettimeout() or seconds
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The answer took too long")
        self._sock.settimeout(min(left, self._most))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._raw.close()


class _Answer(http.client.HTTPResponse):
    """An answer that has to be complete in time, its head included."""

    def __init__(self, sock: socket.socket, *arguments: Any, seconds: float, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Within(raw, sock, seconds))


class _Shelf(queue.LifoQueue[Any]):
    """Where a pool keeps its idle connections: without a lock, as one thread uses it.

    urllib3 empties the pools when the interpreter ends, in a forked child those of its parent too,
    and would wait for ever for a lock that a thread of the parent held at the fork.
    """

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Keep a connection; Full when there is no room."""
        if 0 < self.maxsize <= len(self.queue):
            raise queue.Full
        self.queue.append(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The connection that was kept last; Empty when there is none."""
        try:
            return self.queue.pop()
        except IndexError:
            raise queue.Empty from None


class _HttpPool(urllib3.HTTPConnectionPool):
    QueueCls = _Shelf


class _HttpsPool(urllib3.HTTPSConnectionPool):
    QueueCls = _Shelf


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class Adapter(requests.adapters.HTTPAdapter):
    """The usual adapter with pools of our own, also for those of a proxy; answers have to be
    complete within some seconds."""

    def __init__(self, seconds: float) -> None:
        self._answer = {"response_class": staticmethod(partial(_Answer, seconds=seconds))}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """The pools for servers that are spoken to directly."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: Any, **named: Any) -> Any:
        """The pools of a proxy."""
        manager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):  # whose pools of its own lead to the proxy
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(self, *arguments: Any, **named: Any) -> Any:
        """The pool of connections for a request."""
        return self._patient(super().get_connection_with_tls_context(*arguments, **named))

    def get_connection(self, *arguments: Any, **named: Any) -> Any:
        """The same, as requests before 2.32 calls it."""
        return self._patient(super().get_connection(*arguments, **named))

    def _patient(self, pool: Any) -> Any:
        if "response_class" not in vars(pool.ConnectionCls):
            pool.ConnectionCls = type("Connection", (pool.ConnectionCls,), self._answer)
        return pool
