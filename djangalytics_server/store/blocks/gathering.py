"""Who was there in each slot, share by share: what ``Snapshot.anonymous`` answers of all events."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Connection, select

from djangalytics_server.model.insight import Anonymous, Scan
from djangalytics_server.model.query_filter import Field
from djangalytics_server.store.blocks.layout import unpack_share
from djangalytics_server.store.blocks.looking import Look, Ranges
from djangalytics_server.store.blocks.reading import Cover, Place, Reader
from djangalytics_server.store.blocks.shares import SHARES, distinct, share_column, share_of
from djangalytics_server.store.tables import BlockColumn

_PERSON = Field("distinct_id")
_CheckTime = Callable[[], None]
_Sets = defaultdict[int, set[object]]
_Within = Sequence[tuple[int, Sequence[int] | None]]
"""Slots, and which of a block's people are there by their codes in order; None: all of them."""


def gathered(
    connection: Connection, scan: Scan, check_time: _CheckTime
) -> Iterator[Iterator[Anonymous]] | None:
    """See ``Snapshot.anonymous``; None if to look by the indexes is better."""
    look = Look(connection, scan, [_PERSON])
    found = look.cover()
    return None if found is None else _Gathering(connection, scan, check_time).shares(look, found)


class _Gathering:
    """One look at every event of a project."""

    def __init__(self, connection: Connection, scan: Scan, check_time: _CheckTime) -> None:
        self._connection, self._project_id = connection, scan.project_id
        self._check_time = check_time
        self._reader = Reader(connection, scan.project_id)
        self._ranges = Ranges(scan.slots)
        self._apart: list[list[tuple[int, str]]] = [[] for _ in range(SHARES)]

    def shares(self, look: Look, found: Cover) -> Iterator[Iterator[Anonymous]]:
        """The people of one share after the other."""
        self._check_time()
        in_shares = {first_id for first_id, _ in self._parts(0)}
        within: dict[int, _Within] = {}
        for place in found.places:
            if self._ranges.any_within(place.low, place.high):
                self._check_time()
                self._look(place, within, in_shares)
        self._check_time()
        loose = look.loose(found)
        if loose.times:
            for start, end, slot in self._ranges.within(loose.times[0], loose.times[-1]):
                low, high = bisect_left(loose.times, start), bisect_left(loose.times, end)
                words = loose.columns[0].words
                self._part(slot, (words[c] for c in distinct(loose.columns[0].codes[low:high])))
        for share in range(SHARES):
            self._check_time()
            sets = self._sets(share, within)
            yield (Anonymous(slot, sets[slot]) for slot in sorted(sets))

    def _look(self, place: Place, within: dict[int, _Within], in_shares: set[int]) -> None:
        """Find out who of a block is in which slot."""
        ranges = list(self._ranges.within(place.low, place.high))
        whole = all(start <= place.low and place.high < end for start, end, _ in ranges)
        if whole and place.first_id in in_shares:
            within[place.first_id] = [(slot, None) for _, _, slot in ranges]
            return
        times = self._reader.times(place)
        column = self._reader.column(place, _PERSON, len(times))
        there = []
        for start, end, slot in ranges:
            low, high = bisect_left(times, start), bisect_left(times, end)
            there.append((slot, distinct(column.codes[low:high])))
        if place.first_id in in_shares:
            within[place.first_id] = there
            return
        for slot, codes in there:
            self._part(slot, (column.words[code] for code in codes))

    def _part(self, slot: int, people: Iterable[str | None]) -> None:
        """Part people who are in no shares yet."""
        for person in people:
            if person is not None:
                self._apart[share_of(person)].append((slot, person))

    def _parts(self, share: int) -> Iterator[tuple[int, bytes]]:
        """The first ids of the blocks with shares, and one share of each."""
        question = select(BlockColumn.first_id, BlockColumn.data).where(
            BlockColumn.project_id == self._project_id, BlockColumn.name == share_column(share)
        )
        yield from map(tuple, self._connection.execute(question))

    def _sets(self, share: int, within: dict[int, _Within]) -> _Sets:
        sets: _Sets = defaultdict(set)
        for first_id, data in self._parts(share):
            start, words = unpack_share(data)
            people = words[1:]
            for slot, codes in within.get(first_id, ()):
                if codes is None:
                    sets[slot].update(people)
                    continue
                low, high = bisect_left(codes, start), bisect_left(codes, start + len(people))
                sets[slot].update(people[code - start] for code in codes[low:high])
        for slot, person in self._apart[share]:
            sets[slot].add(person)
        return sets
