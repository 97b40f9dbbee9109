"""Take an address before anything else is started."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Any

from djangalytics_server.front.limits import FrontError

BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Listen on `host` (name or address) and `port` (0: any free one).

    Raises FrontError, one sentence, when that cannot be done.
    """
    if not 0 <= port <= 65535:
        raise FrontError(f"{port} is not a port: ports go from 0 to 65535.")
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, UnicodeError):
        raise FrontError(f"The host {host!r} is not known on this machine.") from None
    refused: OSError | None = None
    for family, kind, protocol, _, address in found:
        try:
            return _listen(socket.socket(family, kind, protocol), address)
        except OSError as error:
            refused = error
    assert refused is not None  # getaddrinfo finds at least one address or raises
    raise FrontError(_sentence(refused, host, port)) from refused


def _listen(sock: socket.socket, address: Any) -> socket.socket:
    try:
        if os.name == "posix":
            # Elsewhere this option would let two servers share one port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is already in use; stop what uses it or choose another port."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Listening on port {port} is not permitted; choose a port above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine."
    return f"Cannot listen on {host} port {port}: {error.strerror}."


def allow_open_files(wanted: int) -> None:
    """Raise the soft limit of open files towards `wanted`, as far as the hard limit lets us."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
