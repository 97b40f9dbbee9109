"""A block's events name by name: whose each is, and its place in the order of time."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from djangalytics_server.store.blocks.layout import (
    Column,
    Stored,
    bytes_of,
    numbers_of,
    read,
    write,
)

NAMED = "event people"
"""What the column is called."""
_BYTES = 4 + 2

ByName = Mapping[str, tuple[Sequence[str], Sequence[int]]]
"""Of the events with a person, by name: who they are, and the events' places in order."""


@dataclass(frozen=True, slots=True)
class Named:
    """``numbers`` are the people's, name after name; ``starts`` says where each name begins."""

    names: Sequence[str | None]
    starts: Sequence[int]
    numbers: array[int]
    places: array[int]

    def parts(self, name: str | None, within: tuple[int, int] | None) -> Iterator[slice]:
        """Where the events of a name are, or of any; ``within`` places, or in the whole block."""
        if name is None and within is None:
            yield slice(0, len(self.numbers))
            return
        for at, one in enumerate(self.names):
            if name is None or name == one:
                begin, end = self.starts[at], self.starts[at + 1]
                if within is not None:
                    low, high = within
                    begin, end = (bisect_left(self.places, x, begin, end) for x in (low, high))
                if begin < end:
                    yield slice(begin, end)


def by_name(name: Column, person: Column) -> ByName:
    """Events in order of time, name by name."""
    found: list[tuple[list[str], list[int]]] = [([], []) for _ in name.words]
    words = person.words
    for place, (at, code) in enumerate(zip(name.codes, person.codes, strict=True)):
        who = words[code]
        if who is not None:
            people, places = found[at]
            people.append(who)
            places.append(place)
    pairs = zip(name.words, found, strict=True)
    return {word: some for word, some in pairs if word is not None and some[0]}


def pack_named(found: ByName, numbers: Mapping[str, int]) -> bytes:
    """The column as it is stored; whose number is not known has 0."""
    counts = array("I", (len(places) for _, places in found.values()))
    people, where = array("I"), array("H")
    for some, places in found.values():
        people.extend(numbers.get(person, 0) for person in some)
        where.extend(places)
    codes = bytes_of(counts) + bytes_of(people) + bytes_of(where)
    return write(Stored([None, *found], False, codes))


def unpack_named(data: bytes) -> Named:
    """The column that was stored."""
    stored = read(data)
    names, codes = stored.words[1:], memoryview(stored.codes)
    begin = 4 * len(names)
    middle = begin + (len(codes) - begin) // _BYTES * 4
    starts = [*accumulate(numbers_of("I", codes[:begin]), initial=0)]
    return Named(
        names, starts, numbers_of("I", codes[begin:middle]), numbers_of("H", codes[middle:])
    )
