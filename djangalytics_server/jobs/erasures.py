"""People are erased because somebody asked: at once, beside the requests, and after a crash."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from djangalytics_server.catalog import erasures
from djangalytics_server.catalog.erasures import Work
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import Unavailable
from djangalytics_server.jobs.rounds import Rounds
from djangalytics_server.model.audit import Progress
from djangalytics_server.model.erasure import Erased
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.trail import Actor
from djangalytics_server.store.base import Store

FIRST_SECONDS = 2.0
EVERY_SECONDS = 15.0
_RENEW_SECONDS = 5
_log = logging.getLogger(__name__)


class Stopped(Exception):
    """The server ends; what is left is done after the next start."""


class Erasing:
    """Erases people, each written down first. ``clock`` gives microseconds since 1970 UTC."""

    def __init__(
        self, store: Store, catalog: Engine | Connection, clock: Callable[[], int]
    ) -> None:
        self._store, self._catalog, self._clock = store, catalog, clock

    def now(
        self, project_id: int, distinct_id: str, actor: Actor, progress: Progress | None = None
    ) -> Erased:
        """Erase somebody while the caller waits; how much went.

        Raises Unavailable: then a server goes on with it by itself.
        """
        with Session(self._catalog) as session, writing(session):
            work = erasures.ask(session, project_id, distinct_id, actor, mine=True)
        return self._carry_out(work, progress)

    def soon(self, project_id: int, distinct_id: str, actor: Actor) -> int:
        """Write down that somebody is to be erased; the number it has."""
        with Session(self._catalog) as session, writing(session):
            return erasures.ask(session, project_id, distinct_id, actor, mine=False).id

    def next(self, progress: Progress | None = None) -> Erased | None:
        """Do the next that waits and that no other process is at; None when there is none."""
        with Session(self._catalog) as session, writing(session):
            work = erasures.claim_next(session, now=self._clock())
        return None if work is None else self._carry_out(work, progress)

    def waiting(self) -> bool:
        """Whether something is to be done; without a turn at writing."""
        with Session(self._catalog) as session:
            return erasures.waiting(session, now=self._clock())

    def _carry_out(self, work: Work, progress: Progress | None) -> Erased:
        shown = self._clock()

        def told(done: int, of: int) -> None:
            nonlocal shown
            if abs(self._clock() - shown) >= _RENEW_SECONDS * MICROSECONDS:
                shown = self._clock()
                with Session(self._catalog) as session, writing(session):
                    erasures.renew(session, work.id, now=shown)
            if progress is not None:
                progress(done, of)

        erased = Erased(0, 0)
        try:
            if work.distinct_id is not None:
                erased = self._store.erase(work.project_id, work.distinct_id, told, work.id)
            with Session(self._catalog) as session, writing(session):
                erasures.finish(session, work.id, now=self._clock())
        except BaseException:
            with Session(self._catalog) as session, writing(session):
                erasures.let_go(session, work.id)
            raise
        return erased


class Eraser(Rounds):
    """A thread that erases whoever waits for it, until ``close``."""

    def __init__(self, erasing: Erasing) -> None:
        self._erasing = erasing
        super().__init__("erasures", first=FIRST_SECONDS, every=EVERY_SECONDS)

    def work(self) -> None:
        """See ``Rounds.work``."""
        try:
            while not self._ended.is_set():
                if not self._erasing.waiting() or self._erasing.next(self._goes_on) is None:
                    return
        except Stopped:
            _log.info("a person is erased only in part; the next start goes on")
        except (Unavailable, DatabaseError) as error:  # the next time will do
            _log.warning("a person could not be erased yet: %s", error)

    def _goes_on(self, _done: int, _of: int) -> None:
        if self._ended.is_set():
            raise Stopped
