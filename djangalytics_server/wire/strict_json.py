"""The one JSON reader: UTF-8 only, and nothing that JSON or the store cannot hold.

A stored NaN makes every later ``json_extract`` on SQLite fail, and lone surrogates cannot be
written as UTF-8 at all; so such values are marked while reading and refused event by event,
which costs the good events beside them nothing. What makes the whole text something other than
JSON is refused here.
"""

from __future__ import annotations

import json
import math
from typing import Any

from djangalytics_server.errors import InvalidEncoding, InvalidJson

KEPT_TEXT = 64 * 1024
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


class Unstorable:
    """Stands in a decoded document for a number that cannot be stored; ``text`` is as written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text if len(text) <= 40 else text[:40] + "…"


def read(body: bytes) -> Any:
    """Decode a JSON text; numbers that cannot be stored become ``Unstorable``.

    Raises InvalidEncoding when the bytes are not UTF-8, InvalidJson when they are not JSON or
    nest deeper than the reader goes.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidEncoding(
            f"The body is not UTF-8: byte {error.start} cannot be decoded."
        ) from error
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidJson(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise InvalidJson("The body nests too deeply to be read.") from error


def write(value: object) -> str:
    """Compact JSON text of a checked value."""
    return _ENCODER.encode(value)


def write_any(value: object) -> str:
    """JSON text of anything ``read`` gave, for keeping what was refused: pure ASCII, bounded."""
    try:
        text = _LENIENT.encode(value)
    except RecursionError:
        return '"(nested too deeply to be kept)"'
    return text if len(text) <= KEPT_TEXT else text[:KEPT_TEXT]


def _integer(text: str) -> int | Unstorable:
    # int() is quadratic in the number of digits, so length is looked at first.
    if len(text) > 20:
        return Unstorable(text)
    number = int(text)
    return number if INT_MIN <= number <= INT_MAX else Unstorable(text)


def _float(text: str) -> float | Unstorable:
    number = float(text)
    return number if math.isfinite(number) else Unstorable(text)


def _unstorable(value: object) -> str:
    if isinstance(value, Unstorable):
        return value.text
    raise TypeError(f"{type(value).__name__} does not come from JSON")


_DECODER = json.JSONDecoder(parse_constant=Unstorable, parse_int=_integer, parse_float=_float)
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
)
_LENIENT = json.JSONEncoder(separators=(",", ":"), default=_unstorable)
