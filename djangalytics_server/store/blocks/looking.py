"""A look at raw events by their columns: what ``insights.scans`` and ``insights.crowds`` answer."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from djangalytics_server.model.insight import Cell, Chosen, Crowd, Range, Raw, Scan
from djangalytics_server.model.query_filter import (
    AllOf,
    Condition,
    Field,
    Filter,
    Property,
    Subject,
)
from djangalytics_server.store.blocks.layout import Column, narrowed
from djangalytics_server.store.blocks.masks import Judge, subjects
from djangalytics_server.store.blocks.reading import Cover, Place, Reader, cover
from djangalytics_server.store.insights.conditions import clause
from djangalytics_server.store.insights.scans import raw_value
from djangalytics_server.store.tables import EventRow

MOST_LOOSE = 100_000
"""With more events than these in no block, all are looked for by the indexes."""
FEW = 10_000
"""Up to this many events are found as quickly by the indexes."""
_AT_HAND = 64
"""Blocks that stay unpacked while one slot after another is asked of them."""
_PERSON = Field("distinct_id")
_DIGITS = frozenset("-0123456789")

_Group = tuple[Raw, ...] | int
_CheckTime = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some events by time: which of them count (all, without a mask), and the asked columns."""

    times: array[int]
    mask: bytes | None
    columns: Sequence[Column]

    def between(self, ranges: Iterable[Range]) -> Iterator[tuple[int, int]]:
        """The places of the events in these ranges."""
        for start, end in ranges:
            low, high = bisect_left(self.times, start), bisect_left(self.times, end)
            if low < high:
                yield low, high

    def codes(self, at: int, low: int, high: int) -> Any:
        """Of the events that count between two places the codes of a column."""
        codes = self.columns[at].codes[low:high]
        return codes if self.mask is None else compress(codes, self.mask[low:high])

    def size(self, low: int, high: int) -> int:
        """How many of the events between two places count."""
        return high - low if self.mask is None else self.mask.count(1, low, high)


class Look:
    """One scan over blocks and what is beside them; ``asked`` is what is read of each event."""

    def __init__(self, connection: Connection, scan: Scan, asked: Sequence[Subject]) -> None:
        self._connection, self._scan, self._asked = connection, scan, asked
        self._filter = _whole_filter(scan)
        self._judge = Judge(connection)
        self._reader = Reader(connection, scan.project_id)
        self._at_hand: OrderedDict[int, Piece] = OrderedDict()

    def cover(self) -> Cover | None:
        """The blocks that can answer; None if to look by the indexes is better."""
        wanted = [*self._asked, *subjects(self._filter)]
        found = cover(self._connection, self._scan.project_id, wanted)
        return None if found is None or found.loose_ids > MOST_LOOSE else found

    def piece(self, place: Place) -> Piece:
        """The events of a block."""
        piece = self._at_hand.get(place.first_id)
        if piece is None:
            piece = self._at_hand[place.first_id] = self._read(place)
            if len(self._at_hand) > _AT_HAND:
                self._at_hand.popitem(last=False)
        return piece

    def _read(self, place: Place) -> Piece:
        times = self._reader.times(place)
        of = self._reader.columns(place, len(times))
        mask = None
        if self._filter is not None:
            mask = self._judge.mask(self._filter, of, len(times))
            if 1 not in mask:
                return Piece(array("q"), None, [])
        return Piece(times, mask, [of(subject) for subject in self._asked])

    def loose(self, found: Cover) -> Piece:
        """The events that are in no block, by a look at the rows of their ids."""
        asked = [raw_value(subject).label(f"asked{at}") for at, subject in enumerate(self._asked)]
        rows: list[Sequence[Any]] = []
        for stretch in found.loose:
            # The sum keeps the engine off the indexes: the ids alone tell where to look.
            where: list[ColumnElement[bool]] = [
                EventRow.project_id + 0 == self._scan.project_id,
                EventRow.id.between(*stretch),
            ]
            if self._filter is not None:
                where.append(clause(self._filter))
            question = select(EventRow.timestamp, *asked).where(*where)
            rows += self._connection.execute(question).all()
        rows.sort(key=lambda row: int(row[0]))
        columns = [_column([row[at] for row in rows]) for at in range(1, len(asked) + 1)]
        return Piece(array("q", [row[0] for row in rows]), None, columns)


def cells(connection: Connection, scan: Scan, check_time: _CheckTime) -> Iterator[Cell] | None:
    """See ``Snapshot.scan``; None if to look by the indexes is better."""
    asked: list[Subject] = list(scan.breakdown)
    if scan.numbers_of is not None:
        asked.append(Property(scan.numbers_of))
    look = Look(connection, scan, asked)
    found = look.cover()
    return None if found is None else _cells(look, scan, found, check_time)


def _cells(look: Look, scan: Scan, found: Cover, check_time: _CheckTime) -> Iterator[Cell]:
    ranges = Ranges(scan.slots)
    counts: Counter[tuple[Any, ...]] = Counter()
    numbers: defaultdict[int, Counter[Raw]] = defaultdict(Counter)
    alone = scan.numbers_of is not None and not scan.breakdown

    def add(piece: Piece, low: int, high: int) -> None:
        for start, end, slot in ranges.within(low, high):
            for begin, stop in piece.between([(start, end)]):
                if alone:
                    words = piece.columns[0].words
                    numbers[slot].update(map(words.__getitem__, piece.codes(0, begin, stop)))
                else:
                    _count(piece, begin, stop, slot, counts)

    for place in found.places:
        if ranges.any_within(place.low, place.high):
            check_time()
            add(look.piece(place), place.low, place.high)
    check_time()
    loose = look.loose(found)
    if loose.times:
        add(loose, loose.times[0], loose.times[-1])
    yield from _as_cells(scan, counts)
    yield from _numbers_as_cells(numbers)


def _count(piece: Piece, low: int, high: int, slot: int, counts: Counter[tuple[Any, ...]]) -> None:
    width = len(piece.columns)
    if not width:
        counts[(slot,)] += piece.size(low, high)
        return
    if width == 1:
        words = piece.columns[0].words
        for code, number in Counter(piece.codes(0, low, high)).items():
            counts[_key(slot, [words[code]])] += number
        return
    rows = zip(*(piece.codes(at, low, high) for at in range(width)), strict=True)
    for codes, number in Counter(rows).items():
        pairs = zip(piece.columns, codes, strict=True)
        counts[_key(slot, [column.words[code] for column, code in pairs])] += number


def _numbers_as_cells(numbers: Mapping[int, Counter[Raw]]) -> Iterator[Cell]:
    """Numbers by slot where nothing is broken down: there may be very many."""
    for slot, found in numbers.items():
        for raw, number in found.items():
            if raw is not None and raw[0] in _DIGITS:
                yield Cell(slot, (), raw, number)


def _key(slot: int, words: Iterable[Raw]) -> tuple[Any, ...]:
    return (slot, *words)


def _as_cells(scan: Scan, counts: Counter[tuple[Any, ...]]) -> Iterator[Cell]:
    place_of = _Placing(scan.chosen)
    width = 1 + len(scan.breakdown)
    summed: Counter[tuple[int, _Group, Raw]] = Counter()
    for key, number in counts.items():
        raw = key[width] if scan.numbers_of is not None else None
        if scan.numbers_of is not None and (raw is None or raw[0] not in _DIGITS):
            continue
        summed[key[0], place_of(key[1:width]), raw] += number
    for (slot, group, raw), number in summed.items():
        if number:
            yield Cell(slot, group, raw, number)


def crowds(connection: Connection, scan: Scan, check_time: _CheckTime) -> Iterator[Crowd] | None:
    """See ``Snapshot.crowds``; None if to look by the indexes is better."""
    look = Look(connection, scan, [*scan.breakdown, _PERSON])
    found = look.cover()
    return None if found is None else _crowds(look, scan, found, check_time)


def _crowds(look: Look, scan: Scan, found: Cover, check_time: _CheckTime) -> Iterator[Crowd]:
    check_time()
    loose = look.loose(found)
    place_of = _Placing(scan.chosen)
    for slot, ranges in enumerate(scan.slots):
        met: dict[_Group, tuple[int, set[Any]]] = {}
        for place in found.places:
            if any(start <= place.high and place.low < end for start, end in ranges):
                check_time()
                _meet(look.piece(place), ranges, place_of, met)
        _meet(loose, ranges, place_of, met)
        for group, (events, people) in met.items():
            yield Crowd(slot, group, events, people)


def _meet(
    piece: Piece,
    ranges: Iterable[Range],
    place_of: _Placing,
    met: dict[_Group, tuple[int, set[Any]]],
) -> None:
    for low, high in piece.between(ranges):
        for codes, people in _by_group(piece, low, high):
            events = len(people) - people.count(0)
            if not events:
                continue
            words = (c.words[code] for c, code in zip(piece.columns, codes, strict=False))
            place = place_of(tuple(words))
            known, everybody = met.get(place, (0, set()))
            names: Any = piece.columns[-1].words
            # Who is in the whole block need not be told one by one.
            whole = len(people) == len(piece.times)
            everybody.update(names if whole else map(names.__getitem__, people))
            if events < len(people) or whole:
                everybody.discard(None)
            met[place] = known + events, everybody


def _by_group(piece: Piece, low: int, high: int) -> Iterable[tuple[tuple[int, ...], Sequence[int]]]:
    """The codes of the people between two places, by the codes of their group."""
    *groups, person = (piece.codes(at, low, high) for at in range(len(piece.columns)))
    if not groups:
        return [((), person if piece.mask is None else list(person))]
    found: dict[tuple[int, ...], list[int]] = {}
    for *group, code in zip(*groups, person, strict=True):
        found.setdefault(tuple(group), []).append(code)
    return found.items()


class Ranges:
    """The ranges of all slots in order of time."""

    def __init__(self, slots: Sequence[Sequence[Range]]) -> None:
        self._every = sorted(
            (start, end, slot)
            for slot, ranges in enumerate(slots)
            for start, end in ranges
            if start < end
        )
        self._starts = [start for start, _, _ in self._every]
        self._ends = [end for _, end, _ in self._every]
        self._apart = self._ends == sorted(self._ends)

    def within(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """(start, end, slot) of those that have a moment from ``low`` to ``high``."""
        begin = bisect_right(self._ends, low) if self._apart else 0
        for start, end, slot in self._every[begin : bisect_right(self._starts, high)]:
            if end > low:
                yield start, end, slot

    def any_within(self, low: int, high: int) -> bool:
        """Whether there is one."""
        return next(self.within(low, high), None) is not None


class _Placing:
    """Tells the group of raw values; see ``model.insight.Cell``."""

    def __init__(self, chosen: Chosen | None) -> None:
        self._chosen = chosen
        self._known: dict[tuple[Raw, ...], int] = {}

    def __call__(self, raws: tuple[Raw, ...]) -> _Group:
        if self._chosen is None:
            return raws
        place = self._known.get(raws)
        if place is None:
            place = self._known[raws] = self._place(self._chosen, raws)
        return place

    def _place(self, chosen: Chosen, raws: tuple[Raw, ...]) -> int:
        for place, group in enumerate(chosen.groups):
            if all(raw in some for raw, some in zip(raws, group, strict=True)):
                return place
        return -1


def _whole_filter(scan: Scan) -> Filter | None:
    """The filter and the event's name in one."""
    filters = [] if scan.filter is None else [scan.filter]
    if scan.event_name is not None:
        filters.insert(0, Condition(Field("event_name"), "is", (scan.event_name,)))
    if len(filters) == 1:
        return filters[0]
    return AllOf(tuple(filters)) if filters else None


def _column(words: Sequence[str | None]) -> Column:
    known: dict[str | None, int] = {None: 0}
    codes = [known.setdefault(word, len(known)) for word in words]
    if len(known) < 65_536:
        return Column(list(known), narrowed(codes, len(known)))
    return Column(list(known), array("L", codes))
