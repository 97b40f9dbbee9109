"""Which texts of five bytes stand somewhere in a block, as one bit of a digest each.

A text that has one which is nowhere there is not there itself, so a search passes over a block
after a look at a few kilobytes. Digests may be alike: then the block is looked through for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from djangalytics_server.store.blocks.layout import Stored, read, write

GRAMS = "event grams"
"""What the column is called."""
LENGTH = 5
"""Of fewer the digits of numbers alone make up nearly all that are possible."""
MOST_BYTES = 2_000_000
"""A block with more text than this has none: its columns are looked through."""
_BITS = 1 << 20
_LEAST_BITS = 1 << 10
_ROOM = 6
"""So many bits there are for each that is set, at least."""
_AT_ONCE = 100_000


def pack_grams(texts: Iterable[bytes]) -> bytes | None:
    """The column of folded texts; None if they are too long together."""
    bits, length = bytearray(_BITS // 8), 0
    for text in texts:
        length += len(text)
        if length > MOST_BYTES:
            return None
        for begin in range(0, len(text), _AT_ONCE):
            _set(bits, text[begin : begin + _AT_ONCE + LENGTH - 1])
    return write(Stored([None], False, _smaller(bits)))


def _set(bits: bytearray, text: bytes) -> None:
    last = _BITS - 1
    for gram in {text[at : at + LENGTH] for at in range(len(text) - LENGTH + 1)}:
        digest = crc32(gram) & last
        bits[digest >> 3] |= 1 << (digest & 7)


def _smaller(bits: bytearray) -> bytes:
    """The same in as few bits as there is room for: its halves laid on each other."""
    number, size = int.from_bytes(bits, "little"), _BITS
    while size > _LEAST_BITS and bin(number).count("1") * 2 * _ROOM <= size:
        size //= 2
        number = (number >> size) | (number & ((1 << size) - 1))
    return number.to_bytes(size // 8, "little")


def may_have(data: bytes | None, piece: bytes) -> bool:
    """Whether a folded text may be there; what is shorter than these, or of no column, may be."""
    if data is None or len(piece) < LENGTH:
        return True
    bits = read(data).codes
    last = 8 * len(bits) - 1
    for at in range(len(piece) - LENGTH + 1):
        digest = crc32(piece[at : at + LENGTH]) & last
        if not bits[digest >> 3] >> (digest & 7) & 1:
            return False
    return True
