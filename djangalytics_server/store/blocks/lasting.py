"""What each person had last of something, told by the columns of the blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from operator import attrgetter

from sqlalchemy import Connection

from djangalytics_server.model.query_filter import Condition, Field, Subject
from djangalytics_server.store.blocks.layout import Column
from djangalytics_server.store.blocks.making import Stretch
from djangalytics_server.store.blocks.masks import Judge
from djangalytics_server.store.blocks.reading import Place, Reader, cover

MOST_LOOSE = 100_000
"""With more events than these in no block, all are looked at as rows."""
_PERSON = Field("distinct_id")

Last = tuple[int, int, int]
"""When the event was, its id, or one that comes to the same beside those of other blocks, and
whether it passes.
"""


Told = tuple[dict[str, Last], Sequence[Stretch]]


def lasting(
    connection: Connection, project_id: int, condition: Condition, check_time: Callable[[], None]
) -> Told | None:
    """By person their newest event that has the condition's subject, and the stretches of ids that
    are not in it; None if to look at rows is better. ``check_time`` is called at each block.
    """
    found = cover(connection, project_id, [condition.subject, _PERSON])
    if found is None or found.loose_ids > MOST_LOOSE:
        return None
    return _Look(connection, project_id, condition).newest(found.places, check_time), found.loose


class _Look:
    """One condition, asked of block after block."""

    def __init__(self, connection: Connection, project_id: int, condition: Condition) -> None:
        self._reader, self._judge = Reader(connection, project_id), Judge(connection)
        self._condition = condition
        self._is_set = Condition(condition.subject, "is_set")

    def newest(self, places: Sequence[Place], check_time: Callable[[], None]) -> dict[str, Last]:
        """Of all blocks, from that with the latest event back.

        Most people of a block are known from later ones, and are left out without a closer look:
        only those of whom an event may be earlier than one of this block are compared.
        """
        newest: dict[str, Last] = {}
        settled: set[str | None] = {None}
        unsettled: list[str] = []
        for place in sorted(places, key=attrgetter("high"), reverse=True):
            check_time()
            settled.update(one for one in unsettled if newest[one][0] > place.high)
            unsettled = [one for one in unsettled if newest[one][0] <= place.high]
            there, times, passes = self._people(place)
            for person in there.keys() - settled:
                assert person is not None
                at = there[person]
                last, before = (times[at], place.first_id, passes[at]), newest.get(person)
                if before is None:
                    unsettled.append(person)
                if before is None or before < last:
                    newest[person] = last
        return newest

    def _people(self, place: Place) -> tuple[dict[str | None, int], Sequence[int], bytes]:
        """Where each person of a block has their newest such event there; the times of all events,
        and which pass.
        """
        times = self._reader.times(place)
        columns: dict[Subject, Column] = {}

        def of(subject: Subject) -> Column:
            if subject not in columns:
                columns[subject] = self._reader.column(place, subject, len(times))
            return columns[subject]

        mask = self._judge.mask(self._is_set, of, len(times))
        if 1 not in mask:
            return {}, times, mask
        who = of(_PERSON)
        people = map(who.words.__getitem__, compress(who.codes, mask))
        # In order of time, then of arrival: the last one of a person stays.
        last = dict(zip(people, compress(range(len(times)), mask), strict=False))
        return last, times, self._judge.mask(self._condition, of, len(times))
