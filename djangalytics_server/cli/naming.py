"""Names that commands give to things, and the name that the audit trail gives to commands."""

from __future__ import annotations

from djangalytics_server.catalog import audit
from djangalytics_server.clock import now
from djangalytics_server.errors import StartError
from djangalytics_server.model.trail import Actor

LONGEST_NAME = 100


def commander() -> Actor:
    """Whoever uses the commands, now."""
    return Actor(audit.COMMAND_LINE, None, now())


def checked_name(name: str) -> str:
    """A name as it is kept; raises StartError for one that cannot be."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise StartError(
            f"A name is text of 1 to {LONGEST_NAME} characters without control characters."
        )
    return name
