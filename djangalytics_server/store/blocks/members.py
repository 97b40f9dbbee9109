"""Who is in a cohort, told by people's numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from djangalytics_server.model.cohort import Did, FirstDid, Window
from djangalytics_server.model.insight import Kind, Scan
from djangalytics_server.model.numbers import Numbers
from djangalytics_server.model.query_filter import Condition
from djangalytics_server.store.blocks import lasting, looking, numbered
from djangalytics_server.store.blocks.numbered import Everybody
from djangalytics_server.store.insights import crowds

_FIRST, _LAST = -(2**62), 2**62
"""Moments before and after everything."""


class ByNumber:
    """See ``insights.cohorts.ByNumber``."""

    def __init__(
        self,
        connection: Connection,
        everybody: Callable[[int], Everybody],
        check_time: Callable[[], None],
    ) -> None:
        self._connection, self._everybody, self._check_time = connection, everybody, check_time

    def serves(self, project_id: int) -> bool:
        """Whether it is the quicker way for a project."""
        scan = Scan(project_id, (((_FIRST, _LAST),),))
        if crowds.weight(self._connection, scan) <= looking.FEW:
            return False
        return numbered.serves(self._connection, self._everybody(project_id), scan)

    def everybody(self, project_id: int) -> Numbers | None:
        """Whoever has an event."""
        return self._often(project_id, Kind(None), (None, None), 1)

    def did(self, project_id: int, who: Did | FirstDid) -> Numbers | None:
        """Who is in such a part."""
        if isinstance(who, Did):
            return self._often(project_id, who.kind, who.window, who.at_least)
        start, end = who.window
        found = self._often(project_id, who.kind, (start, end), 1)
        if found is None or start is None:
            return found
        before = self._often(project_id, who.kind, (None, start), 1)
        return None if before is None else found - before

    def latest(self, project_id: int, condition: Condition) -> Numbers | None:
        """Of whose events that have the condition's subject the newest passes it."""
        everybody = self._everybody(project_id)
        return lasting.lasting(self._connection, everybody, project_id, condition, self._check_time)

    def numbers(self, project_id: int, people: Iterable[str]) -> Numbers:
        """Some people by their numbers."""
        return numbered.of_people(self._everybody(project_id).numbers([*people]))

    def texts(self, project_id: int, found: Numbers) -> frozenset[str]:
        """Who they are."""
        return self._everybody(project_id).people(found, self._check_time)

    def marks(self, project_id: int, found: Numbers, *, others: bool) -> bytes:
        """A 1 at each of these numbers, or at all others; never at nobody's."""
        return self._everybody(project_id).marks(found, others=others)

    def _often(self, project_id: int, kind: Kind, window: Window, at_least: int) -> Numbers | None:
        start, end = window
        span = _FIRST if start is None else start, _LAST if end is None else end
        scan = Scan(project_id, ((span,),), kind.event_name, kind.filter)
        if crowds.weight(self._connection, scan) <= looking.FEW:
            return None
        everybody = self._everybody(project_id)
        return numbered.often(self._connection, everybody, scan, at_least, self._check_time)
