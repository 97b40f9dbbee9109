"""JSON text: of properties as an application gives them, of events, of a whole request."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from djangalytics_client.values import (
    INT_MAX,
    INT_MIN,
    LIMITS,
    check_key,
    good_keys,
    plain_value,
    rfc3339,
    settle,
    too_large,
)

quoted = json.encoder.encode_basestring
"""Text as JSON."""

_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode


def _encoder() -> Callable[[object], str]:
    """Values to JSON as ``_encode`` does it, without building the encoder for each of them."""
    make = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    if make is None:  # an interpreter without the accelerator
        return _encode
    chunks = make(None, None, quoted, None, ":", ",", False, False, False)
    return lambda value: "".join(chunks(value, 0))


json_text = _encoder()
"""Plain JSON values as compact JSON."""

_ROOM = LIMITS.event_bytes
_FEW = 100
"""Up to so many keys a text that grows by one member after the other costs least."""


def object_text(given: dict[str, Any]) -> str:
    """Properties as compact JSON, with the values that ``settle`` would make of them.

    Checked, copied and written in one pass: that is most of what ``track()`` costs. EventRejected
    with the server's code when something cannot be sent. Two things are left to the caller: whether
    the event as a whole is too large, and lone surrogates, which cannot be encoded.
    """
    if len(given) <= _FEW:
        try:
            text = _in_one_pass(given)
            if "\\u0000" not in text:
                return text
        except (_OddKeyError, RuntimeError):
            pass  # the latter: another thread changed it meanwhile
    own = dict(given)
    settle(own)
    return json_text(own)


class _OddKeyError(Exception):
    """A key of the application's own class."""


def _in_one_pass(given: dict[str, Any]) -> str:
    room, text = _ROOM, ""
    for key, value in given.items():
        try:
            head = good_keys[key]
        except KeyError:
            head = _checked_key(key)
        kind = type(value)
        # The plain kinds here, in place; a call for each of them would double the price.
        if kind is str:
            room -= len(value)
            if room < 0:
                raise too_large()
            text = f"{text},{head}{quoted(value)}"
        elif (kind is int and INT_MIN <= value <= INT_MAX) or (kind is float and isfinite(value)):
            text = f"{text},{head}{value!r}"
        elif kind is bool:
            text = f"{text},{head}{'true' if value else 'false'}"
        elif value is None:
            text = f"{text},{head}null"
        else:
            plain, weight = plain_value(value, key, 1, room)
            room -= weight
            if room < 0:
                raise too_large()
            text = f"{text},{head}{json_text(plain)}"
    return f"{{{text[1:]}}}"


def _checked_key(key: str) -> str:
    if check_key(key):
        raise _OddKeyError
    return f"{quoted(key)}:"


def encode_batch(events: Sequence[bytes], sent_at: int, producer: object = None) -> bytes:
    """A request body of events as JSON. ``sent_at`` is microseconds since 1970 UTC; ``producer``
    says who numbered them, see ``producer.account``.
    """
    said = f'"producer":{_encode(producer)},' if producer is not None else ""
    head = f'{{"sent_at":"{rfc3339(sent_at)}",{said}"events":['
    return b"%b%b]}" % (head.encode(), b",".join(events))
