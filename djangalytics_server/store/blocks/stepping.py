"""The events of a walk by people's numbers, kind by kind: what funnels of many events take.

They come section by section of people, so that what is kept of everybody on the way is touched in
pieces that a processor's cache holds: that is worth a third of a funnel over millions of events.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from djangalytics_server.model.insight import Range, Run, Stepped, Walk
from djangalytics_server.model.query_filter import Filter
from djangalytics_server.store.blocks.looking import MOST_LOOSE
from djangalytics_server.store.blocks.making import Stretch
from djangalytics_server.store.blocks.masks import Judge, subjects
from djangalytics_server.store.blocks.named import Own, in_sections, sections, sections_below
from djangalytics_server.store.blocks.numbered import Block, Blocks, Everybody
from djangalytics_server.store.blocks.portions import Source, portions
from djangalytics_server.store.blocks.reading import Cover, Place, Reader, cover
from djangalytics_server.store.insights.conditions import clause
from djangalytics_server.store.insights.walks import bits_of, bits_told, is_of
from djangalytics_server.store.tables import EventRow

MOST_AT_HAND = 4_000_000
"""Events that are read before the first section is gone through, at 14 bytes each."""
WORTH = 64
"""Events of one kind that a section should have in a portion; with fewer, some go together."""
_CheckTime = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Loose:
    """Events of a stretch of ids in no block, in order: their kinds, people and times."""

    bits: Sequence[int]
    people: Sequence[int]
    times: Sequence[int]

    def runs(self, span: Range, source: int) -> Iterator[Run]:
        low, high = (bisect_left(self.times, moment) for moment in span)
        for bits in sorted(set(self.bits[low:high])):
            these = [at for at in range(low, high) if self.bits[at] == bits]
            places = [these[at] for at in in_sections([self.people[at] for at in these])]
            people, times = ([some[at] for at in places] for some in (self.people, self.times))
            yield Run(bits, source, people, places, times)


def stepped(
    connection: Connection, everybody: Everybody, walk: Walk, check_time: _CheckTime
) -> Stepped | None:
    """See ``Snapshot.stepped``; None if to look by the indexes is better."""
    filters = [walk.filter, *(kind.filter for kind in walk.kinds)]
    wanted = [subject for filter in filters for subject in subjects(filter)]
    found = cover(connection, walk.project_id, wanted)
    if found is None or found.loose_ids > MOST_LOOSE:
        return None
    stepping = _Stepping(connection, everybody, walk, found, check_time)
    return Stepped(everybody.end, stepping.portions())


def _part(run: Run, part: slice) -> Run:
    if part.stop - part.start == len(run.people):
        return run
    return Run(run.bits, run.source, run.people[part], run.places[part], run.times[part])


_Source = Source[Place | _Loose]


class _Stepping:
    def __init__(
        self,
        connection: Connection,
        everybody: Everybody,
        walk: Walk,
        found: Cover,
        check_time: _CheckTime,
    ) -> None:
        self._connection, self._walk, self._check_time = connection, walk, check_time
        self._reader = Reader(connection, walk.project_id)
        self._judge = Judge(connection)
        self._bits = {str(k.event_name): bits_of(walk, str(k.event_name)) for k in walk.kinds}
        self._blocks = Blocks(self._reader)
        sources: list[_Source] = [Source(p.low, p.high, p.first_id, p) for p in found.places]
        for stretch in found.loose:
            check_time()
            loose = self._loose(stretch, everybody)
            if loose.times:
                sources.append(Source(loose.times[0], loose.times[-1], stretch[0], loose))
        self._sources = sources
        self._end = everybody.end  # now that whoever is in no block has a number, too

    def portions(self) -> Iterator[Sequence[Run]]:
        """Of as many as are held at a time those of some sections, then those of the next."""
        held, events = deque[list[Run]](), 0
        for portion in self._in_time():
            held.append(portion)
            events += sum([len(run.people) for run in portion])
            if events >= MOST_AT_HAND:
                yield from self._by_section(held, events)
                events = 0
        yield from self._by_section(held, events)

    def _by_section(self, held: deque[list[Run]], events: int) -> Iterator[list[Run]]:
        """The portions again, of some sections at a time; none is held any more."""
        parts = sections_below(self._end) * sum(map(len, held))
        together = 1 + WORTH * parts // max(events, 1)
        by_section = defaultdict[int, list[list[Run]]](list)
        while held:
            portion = defaultdict[int, list[Run]](list)
            for run in held.popleft():
                for section, part in sections(run.people, together):
                    portion[section].append(_part(run, part))
            for section, runs in portion.items():
                by_section[section].append(runs)
        for section in sorted(by_section):
            self._check_time()
            yield from by_section.pop(section)

    def _in_time(self) -> Iterator[list[Run]]:
        """Portions, one after the other in time; of each source what lies within."""
        for span, sources in portions(self._sources, self._walk.span, self._walk.cuts):
            self._check_time()
            yield [run for source in sources for run in self._runs(source, span)]

    def _runs(self, source: _Source, span: Range) -> Iterator[Run]:
        first_id, events = source.first_id, source.held
        if isinstance(events, _Loose):
            yield from events.runs(span, first_id)
            return
        block = self._blocks.block(events)
        for name in self._bits:
            own = block.of_name(name, span)
            if own.times:
                yield from self._told_apart(block, first_id, name, own)

    def _told_apart(self, block: Block, source: int, name: str, own: Own) -> Iterator[Run]:
        """Events of a name by the kinds that they are of."""
        kinds = [(at, k) for at, k in enumerate(self._walk.kinds) if k.event_name == name]
        if self._walk.filter is None and all(kind.filter is None for _, kind in kinds):
            yield Run(self._bits[name], source, own.numbers, own.places, own.times)
            return
        places = own.places
        found = [0] * len(places)
        for at, kind in kinds:
            bit, mask = 1 << at, self._mask(block, kind.filter)
            found = [bits | bit * mask[where] for bits, where in zip(found, places, strict=True)]
        if self._walk.filter is not None:
            mask = self._mask(block, self._walk.filter)
            found = [bits * mask[where] for bits, where in zip(found, places, strict=True)]
        for bits in sorted(set(found) - {0}):
            these = [one == bits for one in found]
            people, where, times = (
                array(some.typecode, compress(some, these))
                for some in (own.numbers, places, own.times)
            )
            yield Run(bits, source, people, where, times)

    def _mask(self, block: Block, filter: Filter | None) -> bytes:
        if filter is None:
            return b"\1" * len(block.times)
        return block.mask(self._judge, filter)

    def _loose(self, stretch: Stretch, everybody: Everybody) -> _Loose:
        """Events in no block, by a look at the rows of their ids."""
        walk, matches = self._walk, [is_of(kind) for kind in self._walk.kinds]
        # The sum keeps the engine off the indexes: the ids alone tell where to look.
        where: list[ColumnElement[bool]] = [
            EventRow.project_id + 0 == walk.project_id,
            EventRow.id.between(*stretch),
            EventRow.timestamp >= walk.span[0],
            EventRow.timestamp < walk.span[1],
            EventRow.distinct_id.is_not(None),
            or_(*matches),
        ]
        if walk.filter is not None:
            where.append(clause(walk.filter))
        row = EventRow.timestamp, EventRow.id, EventRow.distinct_id
        question = select(*row, bits_told(matches)).where(*where)
        rows: list[Any] = sorted(map(tuple, self._connection.execute(question)))
        people = everybody.numbers([row[2] for row in rows])
        return _Loose([row[3] for row in rows], people, [row[0] for row in rows])
