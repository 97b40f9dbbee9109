"""Where the events of a block are among the rows, and what their senders called them."""

from __future__ import annotations

import re
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate

from djangalytics_server.store.blocks.layout import (
    Stored,
    bytes_of,
    numbers_of,
    read,
    write,
)

PLACES = "event places"
UUIDS = "event uuids"
INSERT_IDS = "event insert_ids"
"""What the columns are called. The last has the events' own ids; where all of a block are UUIDs,
the one before has them, in 16 bytes each.
"""

_MOST = 65_535
_HEX = 32
_LENGTH = 37
_ALL_UUIDS = re.compile(r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\n)*")
_IN_UUIDS = re.compile(rb"[0-9a-f-]+")


def pack_places(places: Sequence[int]) -> bytes:
    """How far each event's id is from the block's first, in order of time; below 65,536.

    What is kept is how far each is from the one before: events that came in order take no room.
    """
    before = [0, *places[:-1]]
    steps = array("H", ((at - last) & _MOST for at, last in zip(places, before, strict=True)))
    return write(Stored([None], True, zlib.compress(bytes_of(steps), 1)))


def how_many(data: bytes) -> int:
    """How many places were stored."""
    return len(zlib.decompress(read(data).codes)) // 2


def unpack_places(data: bytes) -> Sequence[int]:
    """The places that were stored."""
    steps = numbers_of("H", zlib.decompress(read(data).codes))
    if steps.count(1) == len(steps) - (steps[0] != 1):  # in order, as nearly all come
        return range(steps[0], steps[0] + len(steps))
    return array("H", (at & _MOST for at in accumulate(steps)))


def pack_insert_ids(insert_ids: Sequence[str]) -> tuple[str, bytes]:
    """The events' own ids in order of time, and which column that is."""
    text = "\n".join([*insert_ids, ""])
    if len(text) == _LENGTH * len(insert_ids) and _ALL_UUIDS.fullmatch(text):
        digits = text.replace("-", "").replace("\n", "")
        return UUIDS, write(Stored([None], False, bytes.fromhex(digits)))
    return INSERT_IDS, write(Stored([None, *insert_ids], False, b""))


def fits_uuids(piece: bytes) -> bool:
    """Whether a folded text may stand in a UUID."""
    return _IN_UUIDS.fullmatch(piece) is not None


def with_uuids(data: bytes, piece: bytes) -> bytes:
    """A mask of the events whose id may have this text in it: where the lines stand is not seen."""
    codes = read(data).codes
    digits, every = piece.replace(b"-", b"").decode(), codes.hex()
    mask = bytearray(len(codes) // 16)
    at = every.find(digits)
    while 0 <= at < len(every):
        place, inside = divmod(at, _HEX)
        whole = inside + len(digits) <= _HEX
        mask[place] |= whole
        at = every.find(digits, (place + 1) * _HEX if whole else at + 1)
    return bytes(mask)
