"""The proxy between SDK and server keeps nothing of its own when it ends."""

from __future__ import annotations

import random
import socket
import threading
import time
from contextlib import ExitStack

from tests.faults.network import Proxy

LARGE = 32 * 1024 * 1024


def _answer(listener: socket.socket) -> None:
    """One answer that is longer than what the system holds for whoever does not read."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
        connection.sendall(bytes(LARGE))


def test_a_connection_whose_client_does_not_read_ends_with_the_proxy() -> None:
    """It would be found open when memory is cleaned, in whatever test comes next."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        serving = threading.Thread(target=_answer, args=(listener,))
        serving.start()
        with Proxy(listener.getsockname()[1], random.Random(1), {"passed": 1}) as proxy:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port)))
            client.sendall(b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            serving.join()
            while not any(w.transport.get_write_buffer_size() for w in list(proxy._writers)):
                time.sleep(0.01)
            [writer] = proxy._writers
        assert -1 == writer.get_extra_info("socket").fileno()
