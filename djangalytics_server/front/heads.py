"""Heads of requests that came before: the same bytes are the same request line and fields.

A client that keeps its connection sends nearly the same head with every request, and parsing it
anew is a fifth of what a single event costs. What is remembered is what Waitress's parser made of
the very same bytes, so there is one notion of what a request is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]

MOST_HEADS = 1_000
MOST_BYTES = 2_048
"""Longer heads are parsed each time: what strangers send must not fill the memory."""

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Head:
    """A parsed head. ``length`` is that of the body; ``ends``: the connection ends with it."""

    path: str
    headers: Mapping[str, str]
    length: int
    ends: bool


class Heads:
    """Remembers heads; for one thread."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head and the body, where ``data`` is one whole request whose head came before."""
        end = data.find(_END, 0, MOST_BYTES) + len(_END)
        head = self._known.get(data[:end])
        if head is None or len(data) - end != head.length:
            return None
        return head, data[end:]

    def remember(self, data: bytes, request: HTTPRequestParser, *, ends: bool) -> None:
        """Remember the head of ``data``, which is all of ``request``, and nothing beside it."""
        length = int(request.content_length)
        head = data[: len(data) - length]
        # Waitress passes over empty lines before a request, and reads chunks and trailers.
        whole = head.find(_END) == len(head) - len(_END) and head[:1] not in b"\r\n"
        if not whole or request.chunked or request.expect_continue or len(head) > MOST_BYTES:
            return
        if len(self._known) >= MOST_HEADS:
            self._known.clear()
        self._known[head] = Head(request.path, request.headers, length, ends)
