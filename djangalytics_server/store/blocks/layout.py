"""How a column lies on the disk: every different value once, and for each event its place there."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

import msgspec

Codes = Sequence[int]
"""For each event, in order of time, the place of its value: bytes, or an array of two bytes each.
"""

_NARROW = 256
_PERSON_BYTES = 6
_WORTH = 0.8
"""Codes are kept packed if that saves a fifth."""


@dataclass(frozen=True, slots=True)
class Column:
    """``words`` are the different values, the first of which is None; some may be alike."""

    words: Sequence[str | None]
    codes: Codes


class Stored(msgspec.Struct, array_like=True):
    """What every column is on the disk."""

    words: list[str | None]
    packed: bool
    codes: bytes


write = msgspec.msgpack.Encoder().encode
read = msgspec.msgpack.Decoder(Stored).decode


def narrowed(codes: Sequence[int], words: int) -> Codes:
    """The codes of so many words as small as can be."""
    return bytes(codes) if words <= _NARROW else array("H", codes)


def pack(column: Column) -> bytes:
    """The column as it is stored."""
    codes = column.codes
    plain = codes if isinstance(codes, bytes) else bytes_of(array("H", codes))
    small = zlib.compress(plain, 1)
    packed = len(small) < _WORTH * len(plain)
    return write(Stored(list(column.words), packed, small if packed else plain))


def unpack(data: bytes) -> Column:
    """The column that was stored."""
    stored = read(data)
    codes = zlib.decompress(stored.codes) if stored.packed else stored.codes
    if len(stored.words) <= _NARROW:
        return Column(stored.words, codes)
    return Column(stored.words, numbers_of("H", codes))


def pack_numbers(numbers: Sequence[int]) -> bytes:
    """Whole numbers of 64 bits as they are stored."""
    return bytes_of(array("q", numbers))


def unpack_numbers(data: bytes) -> array[int]:
    """The numbers that were stored."""
    return numbers_of("q", data)


def pack_people(keys: Sequence[int], places: Sequence[int]) -> bytes:
    """Of some events in a block their people's digests, 32 bits each, then their places, 16 each.

    A place is how far the event's id is from the block's first.
    """
    return bytes_of(array("I", keys)) + bytes_of(array("H", places))


def places_of(data: bytes, key: int) -> Iterator[int]:
    """The places beside a digest."""
    events = len(data) // _PERSON_BYTES
    keys, places = numbers_of("I", data[: 4 * events]), numbers_of("H", data[4 * events :])
    return compress(places, map(key.__eq__, keys))


def bytes_of(numbers: array[int]) -> bytes:
    """The numbers as they lie on every machine's disk."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def numbers_of(kind: str, data: bytes | memoryview) -> array[int]:
    """The numbers of one kind of ``array`` that lie there."""
    numbers: array[int] = array(kind)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
