"""The line of an answer that says when: made once a second, not once an answer."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache


def date_line() -> str:
    """``Date: …`` of this moment, ended by CRLF."""
    return _line(int(time.time()))


@lru_cache(maxsize=2)
def _line(second: int) -> str:
    return f"Date: {formatdate(second, usegmt=True)}\r\n"
