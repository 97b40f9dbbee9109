"""What each person had last of something, told by the columns of the blocks."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from operator import attrgetter

from sqlalchemy import Connection, case, select

from djangalytics_server.model.numbers import Numbers
from djangalytics_server.model.query_filter import Condition
from djangalytics_server.store.blocks.making import Stretch
from djangalytics_server.store.blocks.masks import Judge
from djangalytics_server.store.blocks.numbered import Block, Everybody, marked
from djangalytics_server.store.blocks.reading import Place, Reader, cover
from djangalytics_server.store.insights.conditions import clause
from djangalytics_server.store.tables import EventRow

MOST_LOOSE = 100_000
"""With more events than these in no block, all are looked at as rows."""
_AT_ONCE = 8
_SETTLED = 2
_OPEN = bytes((1, 1, 0)).ljust(256, b"\0")
"""Of who is not met, met, or settled: whether an earlier event may still count."""
_Last = tuple[int, int, int, int]
"""Whose event, when it was, its id, or one that comes to the same beside those of other blocks, and
whether it passes.
"""


def lasting(
    connection: Connection,
    everybody: Everybody,
    project_id: int,
    condition: Condition,
    check_time: Callable[[], None],
) -> Numbers | None:
    """Of whose events that have the condition's subject the newest passes it; None if to look at
    rows is better. ``check_time`` is called at each block.
    """
    found = cover(connection, project_id, [condition.subject])
    if found is None or found.loose_ids > MOST_LOOSE:
        return None
    loose = [*_loose(connection, everybody, project_id, condition, found.loose)]
    newest = _Newest(everybody.end)
    newest.take(loose)
    blocks = _Blocks(connection, project_id, condition)
    back = sorted(found.places, key=attrgetter("high"), reverse=True)
    for start in range(0, len(back), _AT_ONCE):
        portion = back[start : start + _AT_ONCE]
        newest.settle(portion[0].high)
        for place in sorted(portion, key=attrgetter("first_id")):  # as they lie, to read ahead
            check_time()
            newest.take(blocks.open_ones(place, newest.states))
    return marked(newest.passes)


class _Newest:
    """Everybody's newest event so far, from the latest block back.

    Most people of a block are known from later ones, and are passed over without a closer look:
    only those of whom an event may be earlier than one of this block are compared.
    """

    def __init__(self, end: int) -> None:
        self.states, self.passes = bytearray(end), bytearray(end)
        self.states[0] = _SETTLED  # nobody
        self._times, self._ids = array("q", bytes(8 * end)), array("q", bytes(8 * end))
        self._unsettled: list[int] = []

    def settle(self, high: int) -> None:
        """Whose newest event is later than all that come now needs no further look."""
        times, states = self._times, self.states
        left = []
        for person in self._unsettled:
            if times[person] > high:
                states[person] = _SETTLED
            else:
                left.append(person)
        self._unsettled = left

    def take(self, found: Sequence[_Last]) -> None:
        """Go on with some events."""
        times, ids = self._times, self._ids
        for person, time, event_id, passes in found:
            if not self.states[person]:
                self.states[person] = 1
                self._unsettled.append(person)
            elif (times[person], ids[person]) >= (time, event_id):
                continue
            times[person], ids[person], self.passes[person] = time, event_id, passes


class _Blocks:
    """One condition, asked of block after block."""

    def __init__(self, connection: Connection, project_id: int, condition: Condition) -> None:
        self._reader, self._judge = Reader(connection, project_id), Judge(connection)
        self._condition = condition
        self._is_set = Condition(condition.subject, "is_set")

    def open_ones(self, place: Place, states: bytearray) -> list[_Last]:
        """Of whoever is not settled the newest such event in a block."""
        block = Block(self._reader, place)
        there = block.mask(self._judge, self._is_set)
        if 1 not in there:
            return []
        people, places = block.named.numbers, block.named.places
        are_open = bytes(map(states.__getitem__, people)).translate(_OPEN)
        if 1 not in are_open:
            return []
        at = array("H", compress(places, are_open))
        some = sorted(zip(at, compress(people, are_open), strict=True))
        # In order of time, then of arrival: the last one of a person stays.
        last = {person: at for at, person in some if there[at]}
        passes = block.mask(self._judge, self._condition)
        times, first = block.times, place.first_id
        return [(person, times[at], first, passes[at]) for person, at in last.items()]


def _loose(
    connection: Connection,
    everybody: Everybody,
    project_id: int,
    condition: Condition,
    stretches: Sequence[Stretch],
) -> Iterator[_Last]:
    """The events in no block, by a look at the rows of their ids."""
    passes = case((clause(condition), 1), else_=0)
    question = select(EventRow.distinct_id, EventRow.timestamp, EventRow.id, passes)
    for stretch in stretches:
        rows = connection.execute(
            question.where(
                # The sum keeps the engine off the indexes: the ids alone tell where to look.
                EventRow.project_id + 0 == project_id,
                EventRow.id.between(*stretch),
                EventRow.distinct_id.is_not(None),
                clause(Condition(condition.subject, "is_set")),
            )
        ).all()
        for person, row in zip(everybody.numbers([row[0] for row in rows]), rows, strict=True):
            yield person, row[1], row[2], row[3]
