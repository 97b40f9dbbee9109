"""A block's events name by name: whose each is, when it was, and its place in the order of time.

One column has them all, and a name with many events one of its own beside it: to ask of one name
takes to read what is its alone. There the events stand section by section of people, so that what
is kept of everybody can be gone through in pieces that a processor's cache holds.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

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
MANY = 128
"""A name with so many events in a block has a column of its own there."""
SECTION = 65_536
"""People of so many numbers after each other are a section."""
_BYTES = 4 + 2
_OWN_BYTES = 8 + 4 + 2

ByName = Mapping[str, tuple[Sequence[str], Sequence[int]]]
"""Of the events with a person, by name: who they are, and the events' places in order."""


@dataclass(frozen=True, slots=True)
class Named:
    """``numbers`` are the people's, name after name; ``starts`` says where each name begins."""

    names: Sequence[str | None]
    starts: Sequence[int]
    numbers: array[int]
    places: array[int]

    def parts(self, within: tuple[int, int] | None) -> Iterator[slice]:
        """Where the events are, of any name; ``within`` places, or in the whole block."""
        if within is None:
            yield slice(0, len(self.numbers))
            return
        for begin, end in pairwise(self.starts):
            low, high = (bisect_left(self.places, place, begin, end) for place in within)
            if low < high:
                yield slice(low, high)

    def of_name(self, name: str, times: Callable[[], Sequence[int]]) -> Own:
        """The events of a name; ``times`` are those of all events of the block."""
        if name not in self.names:
            return Own(array("q"), array("I"), array("H"))
        at = self.names.index(name)
        part = slice(self.starts[at], self.starts[at + 1])
        return own(times(), self.numbers[part], self.places[part])


@dataclass(frozen=True, slots=True)
class Own:
    """The events of one name, those of each section of people in order: when each was, its
    person's number, and its place.
    """

    times: array[int]
    numbers: array[int]
    places: array[int]

    def within(self, start: int, end: int) -> Own:
        """Those in a range of time."""
        times, numbers, places = array("q"), array("I"), array("H")
        for _, part in sections(self.numbers):
            low, high = (
                bisect_left(self.times, moment, part.start, part.stop) for moment in (start, end)
            )
            times += self.times[low:high]
            numbers += self.numbers[low:high]
            places += self.places[low:high]
        return Own(times, numbers, places)


def own(times: Sequence[int], numbers: Sequence[int], places: Sequence[int]) -> Own:
    """Events by their people's numbers and their places, in order; all times of their block."""
    order = in_sections(numbers)
    where = array("H", map(places.__getitem__, order))
    return Own(
        array("q", map(times.__getitem__, where)),
        array("I", map(numbers.__getitem__, order)),
        where,
    )


def in_sections(numbers: Sequence[int]) -> list[int]:
    """The places of the numbers section by section, in order within each."""
    return sorted(range(len(numbers)), key=lambda at: numbers[at] // SECTION)


def sections(numbers: Sequence[int], together: int = 1) -> Iterator[tuple[int, slice]]:
    """So many sections each time, and where they lie, of numbers that stand section by section."""
    people, low = SECTION * together, 0
    while low < len(numbers):
        section = numbers[low] // people
        high = bisect_left(numbers, (section + 1) * people, low)
        yield section, slice(low, high)
        low = high


def sections_below(end: int) -> int:
    """How many sections there are of numbers below that one."""
    return -(-end // SECTION)


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


def own_column(name: str) -> str:
    """What the column of a name is called that has one of its own."""
    return f"{NAMED} {name}"


def named_columns(
    found: ByName, numbers: Mapping[str, int], times: Sequence[int]
) -> dict[str, bytes]:
    """The columns as they are stored; whose number is not known has 0."""
    columns = {NAMED: _pack_named(found, numbers)}
    for name, (people, places) in found.items():
        if len(places) >= MANY:
            mine = own(times, [numbers.get(person, 0) for person in people], places)
            codes = bytes_of(mine.times) + bytes_of(mine.numbers) + bytes_of(mine.places)
            columns[own_column(name)] = write(Stored([None], False, codes))
    return columns


def _pack_named(found: ByName, numbers: Mapping[str, int]) -> bytes:
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


def unpack_own(data: bytes) -> Own:
    """The column that was stored."""
    codes = memoryview(read(data).codes)
    events = len(codes) // _OWN_BYTES
    return Own(
        numbers_of("q", codes[: 8 * events]),
        numbers_of("I", codes[8 * events : 12 * events]),
        numbers_of("H", codes[12 * events :]),
    )
