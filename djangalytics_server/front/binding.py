"""Take an address before anything else is started."""

from __future__ import annotations

import errno
import os
import socket

from djangalytics_server.front.limits import FrontError

BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Listen on `host` (name or address) and `port` (0: any free one).

    Raises FrontError, one sentence, when that cannot be done.
    """
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, UnicodeError):
        raise FrontError(f"The host {host!r} is not known on this machine.") from None
    except OverflowError:
        raise FrontError(f"{port} is not a port: ports go from 0 to 65535.") from None
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # Elsewhere this option would let two servers share one port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OverflowError:
        sock.close()
        raise FrontError(f"{port} is not a port: ports go from 0 to 65535.") from None
    except OSError as error:
        sock.close()
        raise FrontError(_sentence(error, host, port)) from error
    sock.setblocking(False)
    return sock


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is already in use; stop what uses it or choose another port."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Listening on port {port} is not permitted; choose a port above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine."
    return f"Cannot listen on {host} port {port}: {error.strerror}."
