"""Events into columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, text

from djangalytics_server.store.blocks.grams import GRAMS, pack_grams
from djangalytics_server.store.blocks.layout import Column, narrowed, pack, pack_numbers
from djangalytics_server.store.blocks.named import ByName, by_name
from djangalytics_server.store.blocks.places import (
    INSERT_IDS,
    PLACES,
    pack_insert_ids,
    pack_places,
)

FIELDS = ("event_name", "distinct_id", "session_id", "source")
"""Columns of an event that a block has; its times stand apart."""
MOST_COLUMNS = 200
"""How many properties of a project a block has; one with more is read from the events."""
MOST_BYTES = 4_000_000
"""How long the different values of a property may be together, to be kept as a column."""

Row = tuple[Any, ...]
"""Id, time, properties (None: too large together), insert id, and the fields in the order of
``FIELDS``.
"""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_json = msgspec.json.Encoder().encode
_CONTAINERS = ("{", "[")
_PROPERTY = "property "
_AS_ASKED = text("SELECT json(value) FROM json_each(:texts) ORDER BY key").bindparams(
    bindparam("texts")
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One project's events of a stretch of ids, by time; ``partial``: without some properties."""

    project_id: int
    low: int
    high: int
    partial: bool
    times: bytes
    columns: dict[str, bytes]
    people: Sequence[tuple[str, int]]
    named: ByName


class _Coder:
    """Gives each different value of a property a number, in order of appearance; none is 0."""

    __slots__ = ("codes", "known", "length")

    def __init__(self) -> None:
        self.known: dict[bytes, int] = {b"": 0}
        self.codes: list[int] = []
        self.length = 0

    def column(self, events: int) -> Column:
        """The column of so many events."""
        self.codes.extend([0] * (events - len(self.codes)))
        words = [word.decode() or None for word in self.known]
        return Column(words, narrowed(self.codes, len(words)))


def encoded(connection: Connection, project_id: int, first: int, rows: Sequence[Row]) -> Encoded:
    """A project's events, which come by time, in the block of this first id."""
    ids, times, properties, insert_ids, *fields = zip(*rows, strict=True)
    members = _Members()
    if None not in properties:
        members.take(properties)
    coded = {name: _coded(words) for name, words in zip(FIELDS, fields, strict=True)}
    found = {field_column(name): column for name, column in coded.items()}
    for name, coder in members.coders.items():
        found[property_column(name)] = _as_asked(connection, coder.column(len(rows)))
    columns = {name: pack(column) for name, column in found.items()}
    columns[PLACES] = pack_places([event_id - first for event_id in ids])
    column, columns[column] = pack_insert_ids(insert_ids)
    grams = pack_grams(_texts(found, insert_ids if column == INSERT_IDS else ()))
    if grams is not None:
        columns[GRAMS] = grams
    people = [(who, place) for who, place in zip(fields[1], ids, strict=True) if who is not None]
    partial = members.left_out or None in properties
    named = by_name(coded["event_name"], coded["distinct_id"])
    packed = pack_numbers(times)
    return Encoded(project_id, times[0], times[-1], partial, packed, columns, people, named)


def _texts(found: Mapping[str, Column], insert_ids: Sequence[str]) -> Iterator[bytes]:
    """All that a search may find in the columns, folded; a NUL stands in no text."""
    for name, column in found.items():
        yield name_in_json(name)
        yield folded(column.words)
    yield folded(insert_ids)


def folded(words: Iterable[str | None]) -> bytes:
    """Texts with A to Z in small letters, one after the other with a NUL between them."""
    return "\0".join([word or "" for word in words]).encode().lower()


def name_in_json(column: str) -> bytes:
    """What the JSON text has of the property of a column, folded; nothing of a field."""
    if not column.startswith(_PROPERTY):
        return b""
    return bytes(_json(column[len(_PROPERTY) :]).lower())


def _coded(words: Sequence[str | None]) -> Column:
    known: dict[str | None, int] = {None: 0}
    number = known.setdefault
    codes = [number(word, len(known)) for word in words]
    return Column(list(known), narrowed(codes, len(known)))


class _Members:
    """The properties of events, column by column."""

    def __init__(self) -> None:
        self.coders: dict[str, _Coder] = {}
        self.left_out = False
        self._too_long: set[str] = set()

    def take(self, properties: Iterable[str]) -> None:
        """All events; this loop is what a block takes."""
        coders = self.coders
        for place, document in enumerate(properties):
            for name, raw in _members(document).items():
                coder = coders.get(name) or self._opened(name)
                if coder is None:
                    continue
                word, known, codes = bytes(raw), coder.known, coder.codes
                code = known.get(word)
                if code is None:
                    code = known[word] = len(known)
                    coder.length += len(word)
                if len(codes) < place:
                    codes.extend([0] * (place - len(codes)))
                codes.append(code)
                if coder.length > MOST_BYTES:
                    self.left_out = True
                    self._too_long.add(name)
                    del coders[name]

    def _opened(self, name: str) -> _Coder | None:
        if name in self._too_long or len(self.coders) >= MOST_COLUMNS:
            self.left_out = True
            return None
        coder = self.coders[name] = _Coder()
        return coder


def field_column(name: str) -> str:
    """What the column of a field is called."""
    return f"field {name}"


def property_column(name: str) -> str:
    """What the column of a property is called."""
    return f"{_PROPERTY}{name}"


def _as_asked(connection: Connection, column: Column) -> Column:
    """Objects and lists as the engine writes them when it is asked for one."""
    places = [at for at, word in enumerate(column.words) if word and word[0] in _CONTAINERS]
    if not places:
        return column
    words = list(column.words)
    texts = _json([words[at] for at in places]).decode()
    written: Iterable[Any] = connection.execute(_AS_ASKED, {"texts": texts}).scalars()
    for at, word in zip(places, written, strict=True):
        words[at] = word
    return Column(words, column.codes)
