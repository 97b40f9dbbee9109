"""Where the next page of raw events begins, as text: of pages in the order of ``timestamp``.

The place itself is written, not only the event, which may be erased before anybody goes on.
"""

from __future__ import annotations

import re

from djangalytics_server.model.query import Mark

FORM = r"^-?[0-9]{1,18}\.[1-9][0-9]{0,18}$"
"""Microseconds since 1970, a point, an id."""
_WRITTEN = re.compile(FORM, re.ASCII)


def written(mark: Mark) -> str:
    """The cursor of what comes after an event."""
    return f"{mark.timestamp}.{mark.id}"


def read(text: str) -> Mark | None:
    """What was written; None if it is nothing of the kind."""
    if not _WRITTEN.fullmatch(text):
        return None
    time, last = map(int, text.split("."))
    return Mark(time, last) if last < 2**62 else None
