"""A web application as Gunicorn loads it: each request tracks some events."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

import djangalytics_client
from tests.hosts import witness

EACH = 3
"""Events of one request."""

if os.environ.get("HOSTS_EARLY"):
    # Used while the application is loaded, which with preloading is before the fork.
    djangalytics_client.configure()
    witness.track()
    djangalytics_client.flush()
    witness.track()


def wsgi(
    _environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Track, and answer with the process id."""
    for _ in range(EACH):
        witness.track()
    body = json.dumps({"pid": os.getpid()}).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
