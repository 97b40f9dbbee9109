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

import msgspec

from djangalytics_server.errors import InvalidEncoding, InvalidJson

KEPT_TEXT = 64 * 1024
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
_DIGITS = 4_300
"""Characters of the longest whole number that the compiled reader takes."""


class Unstorable:
    """Stands in a decoded document for a number that cannot be stored; ``text`` is as written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text if len(text) <= 40 else text[:40] + "…"


def read(body: bytes) -> Any:
    """Decode a JSON text; what JSON or the store cannot hold is left for the checks to find.

    The compiled reader takes what is plainly JSON. What it objects to is read again, carefully:
    either it can be read after all (with ``Unstorable`` in place of NaN or 1e999, and lone
    surrogates), or the refusal says where it goes wrong.

    Raises InvalidEncoding when the bytes are not UTF-8, InvalidJson when they are not JSON or
    nest deeper than the reader goes.
    """
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_carefully(body)


def read_carefully(body: bytes) -> Any:
    """What ``read`` falls back on; it gives the same for whatever the compiled reader takes."""
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
    return encode(value).decode()


def write_any(value: object) -> str:
    """JSON text of anything ``read`` gave, for keeping what was refused: pure ASCII, bounded."""
    try:
        text = _LENIENT.encode(value)
    except RecursionError:
        return '"(nested too deeply to be kept)"'
    return text if len(text) <= KEPT_TEXT else text[:KEPT_TEXT]


def _integer(text: str) -> int | Unstorable:
    # int() is quadratic in the number of digits, so length is looked at first. Below that the
    # number stays one, whatever its size, so that a refused event is kept as it was sent.
    return int(text) if len(text) <= _DIGITS else Unstorable(text)


def _float(text: str) -> float | Unstorable:
    number = float(text)
    return number if math.isfinite(number) else Unstorable(text)


def _unstorable(value: object) -> str:
    if isinstance(value, Unstorable):
        return value.text
    raise TypeError(f"{type(value).__name__} does not come from JSON")


_DECODER = json.JSONDecoder(parse_constant=Unstorable, parse_int=_integer, parse_float=_float)
_decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode
"""Compact JSON bytes of a checked value."""
encode_lines = msgspec.json.Encoder().encode_lines
"""The same of several, a line each."""
_LENIENT = json.JSONEncoder(separators=(",", ":"), default=_unstorable)
