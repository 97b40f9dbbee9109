"""How many days a project keeps its raw events; without a row, for ever."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.store.tables import Retention

MOST_DAYS = 36_500


def days(session: Session, project_id: int) -> int | None:
    """How many days; None: for ever."""
    return session.scalar(select(Retention.days).where(Retention.project_id == project_id))


def every(session: Session) -> Mapping[int, int]:
    """Project -> days, of those that do not keep events for ever."""
    return {row.project_id: row.days for row in session.scalars(select(Retention))}


def keep(session: Session, project_id: int, kept: int | None) -> None:
    """From now on raw events are kept so many days (1 to ``MOST_DAYS``), or for ever."""
    session.execute(delete(Retention).where(Retention.project_id == project_id))
    if kept is not None:
        session.add(Retention(project_id=project_id, days=kept))


def cutoff(kept: int, now: int) -> int:
    """What arrived before this moment goes; in microseconds, as ``now`` is."""
    return now - kept * DAY_SECONDS * MICROSECONDS
