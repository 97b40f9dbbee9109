"""Which events of a block may mention a text: found in the bytes of its columns.

A text stands in a field, or in the JSON text of the properties: there within one name or value, or
across several with what JSON writes between them. It is cut where JSON could go on to the next, and
each of the pieces must stand in one name or value of the event. So what is found here is all that
mentions the text and now and then more: the rows themselves are asked in the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

from sqlalchemy import Connection

from djangalytics_server.store.blocks.encoding import folded, name_in_json
from djangalytics_server.store.blocks.grams import GRAMS, may_have
from djangalytics_server.store.blocks.layout import read, unpack
from djangalytics_server.store.blocks.masks import translated
from djangalytics_server.store.blocks.places import INSERT_IDS, UUIDS, fits_uuids, with_uuids
from djangalytics_server.store.blocks.reading import Reader

_BETWEEN = re.compile(r"[\s{}:,]+")
_NUL = b"\0"
_SELDOM = 16
"""Of so many words one, or fewer: each is looked for from the last one on."""


_COLUMNS = (
    "SELECT name, data FROM block_columns WHERE project_id = ? AND first_id = ?"
    " AND (name BETWEEN 'field ' AND 'field~' OR name BETWEEN 'property ' AND 'property~')"
)


class Texts:
    """What a search reads of a project's events in a block, when it comes to that."""

    def __init__(self, connection: Connection, project_id: int, first_id: int, events: int) -> None:
        self._connection, self._block = connection, (project_id, first_id)
        self._reader, self.events = Reader(connection, project_id), events

    def columns(self) -> Sequence[tuple[str, bytes]]:
        """The names of the fields and properties, and what is stored of each."""
        rows = self._connection.exec_driver_sql(_COLUMNS, self._block)
        return [(name, data) for name, data in rows]

    def grams(self) -> bytes | None:
        """See ``store.blocks.grams``."""
        return self._reader.data(self._block[1], GRAMS)

    def uuids(self) -> bytes | None:
        """What senders called the events, if all are UUIDs."""
        return self._reader.data(self._block[1], UUIDS)

    def insert_ids(self) -> Sequence[str]:
        """The same if they are not; none if they are."""
        data = self._reader.data(self._block[1], INSERT_IDS)
        return [] if data is None else [word or "" for word in read(data).words[1:]]


class Needle:
    """A text to look for; ``spellings`` are the ways in which a row may have it."""

    def __init__(self, spellings: Iterable[str]) -> None:
        self._pieces = [
            [piece.encode().lower() for piece in dict.fromkeys(_BETWEEN.split(one)) if piece]
            for one in spellings
        ]
        self.helps = all(self._pieces)
        """Whether it can be looked for: one of commas alone stands in nearly every event."""

    def mask(self, texts: Texts) -> bytes:
        """The events of a block that may have it."""
        look = _Look(texts)
        return reduce(or_, map(look.every, self._pieces)).to_bytes(look.events, "little")


class _Look:
    """What is known of the pieces in one block; masks as whole numbers."""

    def __init__(self, texts: Texts) -> None:
        self._texts, self.events = texts, texts.events
        self._known: dict[bytes, int] = {}
        self._read: list[tuple[bytes, bytes, bytes]] | None = None

    def every(self, pieces: Sequence[bytes]) -> int:
        """The events that may have all of them."""
        found = (1 << 8 * self.events) - 1
        # The longest first: it is in the fewest.
        for piece in sorted(pieces, key=len, reverse=True):
            if piece not in self._known:
                masks = (int.from_bytes(mask, "little") for mask in self._masks(piece))
                self._known[piece] = reduce(or_, masks, 0)
            found &= self._known[piece]
            if not found:
                break
        return found

    def _masks(self, piece: bytes) -> Iterator[bytes]:
        uuids = self._texts.uuids() if fits_uuids(piece) else None
        if uuids is not None:
            yield with_uuids(uuids, piece)
        if may_have(self._texts.grams(), piece):
            yield _passing(self._texts.insert_ids(), piece).ljust(self.events, _NUL)
            yield from self._in_columns(piece)

    def _in_columns(self, piece: bytes) -> Iterator[bytes]:
        if self._read is None:
            found = self._texts.columns()
            self._read = [(name_in_json(name), data, data.lower()) for name, data in found]
        for name, data, small in self._read:
            if piece in name:
                column = unpack(data)
                yield translated(column, bytes(word is not None for word in column.words))
            elif piece in small:
                column = unpack(data)
                yield translated(column, _passing(column.words, piece))


def _passing(words: Sequence[str | None], piece: bytes) -> bytes:
    """For each word whether the piece is in it."""
    every = folded(words)
    if every.count(piece) * _SELDOM > len(words):
        return bytes([piece in word for word in every.split(_NUL)])
    found = bytearray(len(words))
    place, last, at = 0, 0, every.find(piece)
    while at >= 0:
        place += every.count(_NUL, last, at)
        found[place] = 1
        last, at = at, every.find(piece, at + 1)
    return bytes(found)
