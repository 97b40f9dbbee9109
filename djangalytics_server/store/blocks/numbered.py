"""People by their numbers: who was there, slot by slot."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress

from sqlalchemy import Connection

from djangalytics_server.model.insight import Heads, Range, Scan
from djangalytics_server.model.numbers import Numbers
from djangalytics_server.model.query_filter import Field, Filter, Subject
from djangalytics_server.store.blocks import numbers
from djangalytics_server.store.blocks.layout import Column
from djangalytics_server.store.blocks.looking import Look, Piece
from djangalytics_server.store.blocks.masks import Judge
from djangalytics_server.store.blocks.named import (
    NAMED,
    Named,
    Own,
    own_column,
    unpack_named,
    unpack_own,
)
from djangalytics_server.store.blocks.reading import Cover, Place, Reader

MOST_BYTES = 400_000_000
"""What sets of numbers may take together; people of more are told apart by their ids."""
_AT_HAND = 32
"""Blocks that stay unpacked while one slot after another is asked of them."""
_PERSON = Field("distinct_id")
_AS_DIGITS = b"01".ljust(256, b"0")
_THESE, _OTHERS = bytes.maketrans(b"01", b"\0\1"), bytes.maketrans(b"01", b"\1\0")
_CheckTime = Callable[[], None]


class Everybody:
    """The numbers of a project's people, as long as one state of the data is asked.

    Whoever is in no block has none: they get some beyond all others, the same for every look.
    """

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection, self._project_id = connection, project_id
        self._numbers: dict[str, int] = {}
        self.end = self._known_end = numbers.next_number(connection, project_id)
        """All numbers are below."""

    def numbers(self, people: Sequence[str]) -> list[int]:
        """Their numbers."""
        mine = self._numbers
        new = list({person: None for person in people if person not in mine})
        known = numbers.known(self._connection, self._project_id, new)
        for person in new:
            number = known.get(person)
            if number is None:
                number, self.end = self.end, self.end + 1
            mine[person] = number
        return list(map(mine.__getitem__, people))

    def marks(self, found: Numbers, *, others: bool) -> bytes:
        """A 1 at each of these numbers, or at all others; never at nobody's."""
        digits = f"{found.bits:b}"[::-1].ljust(self.end, "0")
        marks = bytearray(digits.encode().translate(_OTHERS if others else _THESE))
        marks[numbers.NOBODY] = 0
        return bytes(marks)

    def people(self, found: Numbers, check_time: _CheckTime) -> frozenset[str]:
        """Who has these numbers."""
        digits = f"{found.bits:b}"[::-1].ljust(self.end, "0")
        named = numbers.everybody(self._connection, self._project_id, check_time)
        some = {person for person, number in named if digits[number] == "1"}
        for person, number in self._numbers.items():
            if number >= self._known_end and digits[number] == "1":
                some.add(person)
        return frozenset(some)


class Block:
    """The events of a block, of which its times are only read if they are asked for."""

    def __init__(self, reader: Reader, place: Place) -> None:
        self._reader, self._place = reader, place
        self._times: array[int] | None = None
        self._named: Named | None = None
        self._own: dict[str, Own] = {}
        self._masks: dict[int, bytes] = {}

    @property
    def times(self) -> array[int]:
        """When the events were, in order."""
        if self._times is None:
            self._times = self._reader.times(self._place)
        return self._times

    @property
    def named(self) -> Named:
        """All events that have a person, name by name."""
        if self._named is None:
            data = self._reader.data(self._place.first_id, NAMED)
            self._named = unpack_named(data) if data else Named([], [0], array("I"), array("H"))
        return self._named

    def of_name(self, name: str, span: Range) -> Own:
        """The events of a name in a range that have a person."""
        found = self._own.get(name)
        if found is None:
            data = self._reader.data(self._place.first_id, own_column(name))
            found = unpack_own(data) if data else self.named.of_name(name, lambda: self.times)
            self._own[name] = found
        return found if self._is_in(*span) else found.within(*span)

    def _is_in(self, start: int, end: int) -> bool:
        return start <= self._place.low and self._place.high < end

    def within(self, start: int, end: int) -> tuple[int, int] | None:
        """The places of the events in a range; None: it has the whole block."""
        if self._is_in(start, end):
            return None
        return bisect_left(self.times, start), bisect_left(self.times, end)

    def mask(self, judge: Judge, filter: Filter) -> bytes:
        """Which of the events pass a filter."""
        found = self._masks.get(id(filter))
        if found is None:
            events = len(self.times)

            def of(subject: Subject) -> Column:
                return self._reader.column(self._place, subject, events)

            found = self._masks[id(filter)] = judge.mask(filter, of, events)
        return found


class Blocks:
    """Blocks of which the last ones asked for are at hand."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._at_hand: OrderedDict[int, Block] = OrderedDict()

    def block(self, place: Place) -> Block:
        """One of them."""
        found = self._at_hand.get(place.first_id)
        if found is None:
            found = self._at_hand[place.first_id] = Block(self._reader, place)
            if len(self._at_hand) > _AT_HAND:
                self._at_hand.popitem(last=False)
        return found


class _Presence:
    """One look at events with people, slot by slot."""

    def __init__(self, connection: Connection, everybody: Everybody, scan: Scan) -> None:
        self._scan, self._everybody = scan, everybody
        self._look = Look(connection, scan, [_PERSON])
        self._reader = Reader(connection, scan.project_id)
        self._judge = Judge(connection)

    def cover(self) -> Cover | None:
        """The blocks that can answer; None if to look by the indexes is better."""
        return self._look.cover()

    def slots(
        self, found: Cover, check_time: _CheckTime
    ) -> Iterator[tuple[int, list[Iterable[int]]]]:
        """Each slot, and of its events the people's numbers, in some parts."""
        for slot, parts in enumerate(self.parts(found, check_time)):
            yield slot, [*parts]

    def parts(self, found: Cover, check_time: _CheckTime) -> Iterator[Iterator[Iterable[int]]]:
        """The same of each slot part by part, to be gone through before the next slot; when there
        is the first, everybody has a number.
        """
        check_time()
        loose = self._look.loose(found)
        people = self._loose_people(loose)
        blocks = Blocks(self._reader)

        def within(ranges: Sequence[Range]) -> Iterator[Iterable[int]]:
            for start, end in ranges:
                for place in found.places:
                    if start <= place.high and place.low < end:
                        check_time()
                        yield from self._parts(blocks.block(place), (start, end))
                low, high = bisect_left(loose.times, start), bisect_left(loose.times, end)
                yield [number for number in people[low:high] if number]

        for ranges in self._scan.slots:
            yield within(ranges)

    def _loose_people(self, loose: Piece) -> list[int]:
        """Of each event the person's number; 0 is nobody."""
        words, codes = loose.columns[0].words, loose.columns[0].codes
        found = self._everybody.numbers([word for word in words[1:] if word is not None])
        return list(map([0, *found].__getitem__, codes))

    def _parts(self, block: Block, span: Range) -> Iterator[Sequence[int]]:
        mask = self._mask(block)
        for some, places in self._found(block, span):
            if mask is not None:
                yield [*compress(some, map(mask.__getitem__, places))]
            else:
                yield some

    def _found(self, block: Block, span: Range) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """Numbers of people and places of the events of a block in a range."""
        name = self._scan.event_name
        if name is not None:
            own = block.of_name(name, span)
            yield own.numbers, own.places
            return
        for part in block.named.parts(block.within(*span)):
            yield block.named.numbers[part], block.named.places[part]

    def _mask(self, block: Block) -> bytes | None:
        filter = self._scan.filter
        return None if filter is None else block.mask(self._judge, filter)


def heads(
    connection: Connection, everybody: Everybody, scan: Scan, check_time: _CheckTime
) -> Iterator[Heads] | None:
    """See ``Snapshot.heads``, of a scan without a breakdown; None: better by the indexes."""
    presence = _Presence(connection, everybody, scan)
    found = presence.cover()
    if found is None:
        return None
    return (
        Heads(slot, (), len(set().union(*parts)), sum(map(len, parts)))  # type: ignore[arg-type]
        for slot, parts in presence.slots(found, check_time)
        if any(parts)
    )


def present(
    connection: Connection, everybody: Everybody, scan: Scan, check_time: _CheckTime
) -> Iterator[tuple[int, Numbers]] | None:
    """See ``Snapshot.present``."""
    if everybody.end // 8 * len(scan.slots) > MOST_BYTES:
        return None
    presence = _Presence(connection, everybody, scan)
    found = presence.cover()
    if found is None:
        return None
    return (
        (slot, _set(parts, everybody.end) if any(parts) else Numbers())
        for slot, parts in presence.slots(found, check_time)
    )


def serves(connection: Connection, everybody: Everybody, scan: Scan) -> bool:
    """Whether to tell people of a scan by numbers is better than to look by the indexes."""
    return _Presence(connection, everybody, scan).cover() is not None


def often(
    connection: Connection,
    everybody: Everybody,
    scan: Scan,
    at_least: int,
    check_time: _CheckTime,
) -> Numbers | None:
    """Who has at least so many events in the one slot of a scan; None: better by the indexes."""
    presence = _Presence(connection, everybody, scan)
    found = presence.cover()
    if found is None:
        return None
    parts = next(presence.parts(found, check_time))
    if at_least == 1:
        return _set(parts, everybody.end)
    counts = array("I", bytes(4 * everybody.end))
    for part in parts:
        for number in part:
            counts[number] += 1
    return marked(bytes(map(at_least.__le__, counts)))


def of_people(some: Iterable[int]) -> Numbers:
    """A set of numbers."""
    known = [*some]
    return _set([known], max(known, default=0) + 1)


def marked(marks: bytes | bytearray) -> Numbers:
    """The places of the bytes that are 1, where all others are 0."""
    return Numbers(int(marks[::-1].translate(_AS_DIGITS) or b"0", 2))


def _set(parts: Iterable[Iterable[int]], end: int) -> Numbers:
    marks = bytearray(end)
    for part in parts:
        for number in part:
            marks[number] = 1
    return marked(marks)
