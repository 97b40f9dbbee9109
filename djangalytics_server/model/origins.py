"""Origins of web pages, as browsers write them: scheme, host, and a port that is not the usual."""

from __future__ import annotations

import re

MOST = 50
"""Origins of one project."""

LONGEST = 300
_USUAL = {"http": "80", "https": "443"}
_FORM = re.compile(
    r"([a-z][a-z0-9+.-]*)://([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?/?"
)


PATTERN = f"^{_FORM.pattern}$"
"""The same for a JSON Schema."""


def exact(text: str) -> str:
    """The origin as a browser sends it, such as ``https://example.com``.

    Raises ValueError for what no browser sends: a path, a wildcard, ``null``, a name that is not in
    the letters of DNS.
    """
    found = _FORM.fullmatch(text.strip().lower()) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError(f"{text[:80]!r} is no origin, such as https://example.com")
    scheme, host, port = found.groups()
    return (
        f"{scheme}://{host}" if port in (None, _USUAL.get(scheme)) else f"{scheme}://{host}:{port}"
    )
