"""Who came back in which intervals, as sets that are put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from operator import or_

from djangalytics_server.model.numbers import Numbers
from djangalytics_server.model.retention import Column


class Returns:
    """Of each interval, one after the other, who was there."""

    def __init__(self, people: Sequence[Numbers]) -> None:
        self._people = people
        self._from: list[Numbers] | None = None

    def of(self, cohort: int, column: Column) -> Numbers:
        """Who was there in any interval of a column, as it lies after a cohort's own."""
        first = cohort + column.first
        if column.last is not None:
            return reduce(or_, self._people[first : cohort + column.last + 1], Numbers())
        if self._from is None:
            self._from = [*accumulate(reversed(self._people), or_)][::-1]
        return self._from[first] if first < len(self._from) else Numbers()
