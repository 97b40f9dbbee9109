"""The body of a request: its type, its encoding, and not a byte more than we take."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from djangalytics_server.errors import (
    BodyTooLarge,
    InvalidEncoding,
    UnsupportedEncoding,
    UnsupportedMediaType,
)
from djangalytics_server.model.limits import LIMITS

if TYPE_CHECKING:
    from flask import Request

_GZIP = 16 + zlib.MAX_WBITS


def read(request: Request) -> bytes:
    """The decoded body; raises the 4xx that fits when it cannot be taken."""
    _check_type(request)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("gzip", "identity", ""):
        raise UnsupportedEncoding(
            f"Content-Encoding {encoding[:40]!r} is not read here; send gzip, or none."
        )
    if (request.content_length or 0) > LIMITS.body_bytes:
        raise _too_large("is", request.content_length or 0)
    body = request.stream.read(LIMITS.body_bytes + 1)
    if len(body) > LIMITS.body_bytes:
        raise _too_large("is over", LIMITS.body_bytes)
    return inflate(body) if encoding == "gzip" else body


def _check_type(request: Request) -> None:
    """JSON, or the text/plain that a browser's beacon must say."""
    kind = request.mimetype
    if kind and kind not in ("application/json", "text/plain") and not kind.endswith("+json"):
        raise UnsupportedMediaType(
            f"Content-Type {kind[:80]!r} is not read here; send application/json."
        )


def inflate(body: bytes) -> bytes:
    """What the gzip body holds; raises InvalidEncoding or BodyTooLarge."""
    machine = zlib.decompressobj(_GZIP)
    try:
        # One byte over the limit is enough to know, and all that a bomb gets to fill.
        text = machine.decompress(body, LIMITS.inflated_bytes + 1)
    except zlib.error as error:
        raise InvalidEncoding("The body is not the gzip its Content-Encoding says.") from error
    if len(text) > LIMITS.inflated_bytes:
        raise BodyTooLarge(f"The body inflates to more than {LIMITS.inflated_bytes:,} bytes.")
    if not machine.eof or machine.unused_data:
        raise InvalidEncoding("The gzip body is cut short, or something follows it.")
    return text


def _too_large(verb: str, size: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body {verb} {size:,} bytes; at most {LIMITS.body_bytes:,} are taken."
        " Send fewer events."
    )
