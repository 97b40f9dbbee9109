"""The id of a request: the one that a proxy gave it, or a new one."""

from __future__ import annotations

import re
from uuid import uuid4

HEADER = "X-Request-ID"
PROPERTY = "$request_id"
"""The property of events that holds it."""

_SOUND = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)


def request_id(given: str | None) -> str:
    """What the header said, if it can be an id; anybody may have sent it. Else a new one."""
    return given if given is not None and _SOUND.fullmatch(given) else uuid4().hex
