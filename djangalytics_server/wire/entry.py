"""One entry of an imported file, as an event or with the reason why it is none."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from djangalytics_server.model import rfc3339
from djangalytics_server.model.event import Decoded, Draft, Rejection
from djangalytics_server.model.imports import Line
from djangalytics_server.model.reasons import Coded
from djangalytics_server.wire import native, strict_json


def entry(number: int, event: dict[str, Any], raw: bytes, file: str = "") -> Line:
    """An event in the words of our wire, which may say when it arrived.

    One without an insert id gets one that is made of ``raw``, its number and the name of its file
    in an archive, so that a second run of the same file adds nothing.
    """
    event.pop("id", None)
    arrived = event.pop("received_at", None)
    received_at = None
    if arrived is not None:
        try:
            received_at = rfc3339.parse(arrived)
        except (ValueError, TypeError):
            return Line(number, refused("timestamp_invalid", "", raw, "received_at"))
    decoded = native.decode_object(event)
    if isinstance(decoded.outcome, Draft) and decoded.outcome.insert_id is None:
        decoded.outcome.insert_id = sha256(b"%d:" % number + file.encode() + raw).hexdigest()[:40]
    return Line(number, decoded, received_at)


def foreign(error: Exception, raw: bytes) -> Decoded:
    """What a reader of others' exports raised about an entry, in words."""
    if isinstance(error, KeyError):
        why = f"it has no {str(error)[:80]}"
    elif type(error) is ValueError:
        why = str(error)[:80]
    else:
        why = "a value has another type than there"
    return refused("not_an_object", f"This is no event of that export: {why}.", raw)


def refused(code: str, words: str, raw: bytes, field: str | None = None) -> Decoded:
    """What is no event at all, for a reason of ``model.reasons``; no words, and it has its own."""
    text = raw.decode("utf-8", "replace")
    message = str(Coded(code, words))
    return Decoded(Rejection(code, message, field), lambda: strict_json.write_any(text))
