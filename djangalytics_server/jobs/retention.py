"""By the clock: raw events that are kept no longer are removed, by one process at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from djangalytics_server.catalog import retention
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import Unavailable
from djangalytics_server.jobs.rounds import Rounds
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.store.base import Store

FIRST_SECONDS = 60.0
EVERY_SECONDS = 600.0
PAUSE_SECONDS = 0.1
"""Between two transactions: ingest has the database at least half of the time."""
_RENEW_SECONDS = 5

_log = logging.getLogger(__name__)
_GoOn = Callable[[int], bool]


class Expiry:
    """Removes what a project keeps no longer, unless another process is at it.

    ``clock`` gives microseconds since 1970 UTC.
    """

    def __init__(
        self, store: Store, catalog: Engine | Connection, clock: Callable[[], int]
    ) -> None:
        self._store, self._catalog, self._clock = store, catalog, clock

    def kept(self) -> dict[int, int]:
        """Project -> days, of those that do not keep events for ever."""
        with Session(self._catalog) as session:
            return dict(retention.every(session))

    def run(self, project_id: int, days: int, go_on: _GoOn, *, rest: float = 0) -> int | None:
        """How many events went; None when another process is at it, or was just now.

        ``go_on`` is told after each transaction how many went so far, and says whether to go on.
        """
        with Session(self._catalog) as session, writing(session):
            if not retention.claim(session, project_id, days, now=self._clock(), rest=rest):
                return None
        ended, shown = True, self._clock()

        def goes_on(gone: int) -> bool:
            nonlocal ended, shown
            ended = go_on(gone)
            if ended and abs(self._clock() - shown) >= _RENEW_SECONDS * MICROSECONDS:
                shown, ended = self._clock(), self._renewed(project_id, days)
            return ended

        try:
            before = retention.cutoff(days, self._clock())
            gone = self._store.expire(project_id, before, goes_on)
        except BaseException:
            ended = False
            raise
        finally:
            self._leave(project_id, ended=ended)
        return gone

    def _renewed(self, project_id: int, days: int) -> bool:
        """Show that we are still at it; False when the days have changed meanwhile."""
        with Session(self._catalog) as session, writing(session):
            retention.renew(session, project_id, now=self._clock())
            return retention.days(session, project_id) == days

    def _leave(self, project_id: int, *, ended: bool) -> None:
        with Session(self._catalog) as session, writing(session):
            if ended:
                retention.end(session, project_id, now=self._clock())
            else:
                retention.let_go(session, project_id)


class Sweeper(Rounds):
    """Applies each project's retention by a thread of its own, until ``close``."""

    def __init__(self, expiry: Expiry) -> None:
        self._expiry = expiry
        super().__init__("retention", first=FIRST_SECONDS, every=EVERY_SECONDS)

    def work(self) -> None:
        """See ``Rounds.work``."""
        try:
            wanted = self._expiry.kept()
            for project_id, days in wanted.items():
                rest = EVERY_SECONDS * 0.9
                gone = self._expiry.run(project_id, days, self._goes_on, rest=rest)
                if gone:
                    _log.info("project %d: %d events older than %d days", project_id, gone, days)
            if self._expiry.kept() != wanted:  # changed while we were at it
                self._asked.set()
        except (Unavailable, DatabaseError) as error:  # the next time will do
            _log.warning("raw events that are kept no longer were not removed: %s", error)

    def _goes_on(self, _gone: int) -> bool:
        return not self._ended.wait(PAUSE_SECONDS)
