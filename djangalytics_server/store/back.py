"""Pages of raw events that are looked for from the newest back, a portion at a time.

Most of what people ask for is among the newest events, which are read as rows. Of what is not, the
columns of each block tell quickly which rows there are worth a look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection

from djangalytics_server.model.query import EventPage, StoredEvent
from djangalytics_server.store import pages
from djangalytics_server.store.blocks.seeking import Seeker, stretches

FIRST_LOOK = 2_000
LONGEST_LOOK = 10_000
"""How many ids one statement goes through: a few hundredths of a second's worth."""
AT_ONCE = 200
"""How many rows that the columns name are read together."""

Portion = tuple[list[StoredEvent], int]
"""Events of a page, the newest first and at most as many as it has, and the id above which all
were looked at by now.
"""


def looked(
    connection: Connection, page: EventPage, high: int, check_time: Callable[[], None]
) -> Iterator[Portion]:
    """The events of a page below an id; ``check_time`` is called before every statement.

    A portion with as many events as the page has may be short of others: it is the last one wanted.
    """
    lowest = 0 if page.after is None else page.after
    rows = _Rows(connection, page, check_time)
    newer = max(lowest, high - 1 - FIRST_LOOK)
    yield from rows.between(newer, high)
    high = newer + 1
    seeker = Seeker(connection, page, pages.spellings(page))
    by_columns = connection.dialect.name == "sqlite" and seeker.helps
    for first, last in stretches(connection) if by_columns else ():
        top, bottom = min(high, last + 1), max(lowest, first - 1)
        if bottom >= top - 1:
            continue
        yield from rows.between(top - 1, high)
        check_time()
        ids = seeker.ids(first)
        if ids is None:
            yield from rows.between(bottom, top)
        else:
            yield from rows.among([one for one in ids if bottom < one < top], bottom)
        high = bottom + 1
    yield from rows.between(lowest, high)


class _Rows:
    """Reads those of a page."""

    def __init__(
        self, connection: Connection, page: EventPage, check_time: Callable[[], None]
    ) -> None:
        self._connection, self._page, self._check_time = connection, page, check_time
        self._look = FIRST_LOOK

    def between(self, low: int, high: int) -> Iterator[Portion]:
        """All above the one id and below the other."""
        while high > low + 1:
            bottom = max(low, high - 1 - self._look)
            yield self._read(range(bottom + 1, high)), bottom
            high, self._look = bottom + 1, min(2 * self._look, LONGEST_LOOK)

    def among(self, ids: Sequence[int], bottom: int) -> Iterator[Portion]:
        """Those of these ids, the newest first; there are no others above ``bottom``."""
        for at in range(0, len(ids), AT_ONCE):
            some = ids[at : at + AT_ONCE]
            yield self._read(some), some[-1] - 1
        yield [], bottom

    def _read(self, ids: Sequence[int]) -> list[StoredEvent]:
        self._check_time()
        statement = pages.newest(self._page, few=False, among=ids)
        return [StoredEvent(*row) for row in self._connection.execute(statement)]
