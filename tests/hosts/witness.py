"""What the programs under test write down: the insert id of each event, right after track()."""

from __future__ import annotations

import itertools
import os

import djangalytics_client

NAME, FILE = "HOSTS_EVENT_NAME", "HOSTS_WITNESS"
"""The environment says which event name a test owns, and where its witness writes."""

_numbers = itertools.count()


def track(client: djangalytics_client.Client | None = None) -> None:
    """Track one event that no other is like, then note its insert id in one atomic append."""
    properties = {"who": f"{os.getpid()}-{next(_numbers)}"}
    insert_id = (client or djangalytics_client).track(os.environ[NAME], properties)
    note(str(insert_id))


def note(line: str) -> None:
    """Append a line to the witness; safe for any number of processes."""
    file = os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)
