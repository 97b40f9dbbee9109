"""How many days a project keeps its raw events (for ever without a row), and who removes them.

Any number of processes may look; whoever claims a project's run is alone with it. A claim lasts for
half a minute and is renewed by who is at work: of a process that was killed another takes over.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.keeping import Run
from djangalytics_server.store.tables import Retention, RetentionRun

CLAIM_SECONDS = 30
"""So long after its last sign of life another process takes up the work of one that is gone."""
FARTHEST = 2 * CLAIM_SECONDS * MICROSECONDS
"""A claim that ends later than this from now was made by a clock that has been set back since. Not
any that ends later than a claim made now: whoever waits for another's claim to be written read its
clock before.
"""

# A run that did not end goes on with what it counted.
_CLAIM = text(
    "INSERT INTO retention_runs AS run"
    " (project_id, days, began_at, ended_at, claimed_until, gone)"
    " VALUES (:project_id, :days, :now, NULL, :until, 0)"
    " ON CONFLICT (project_id) DO UPDATE SET days = excluded.days, ended_at = NULL,"
    " began_at = CASE WHEN run.ended_at IS NULL THEN run.began_at ELSE excluded.began_at END,"
    " gone = CASE WHEN run.ended_at IS NULL THEN run.gone ELSE 0 END,"
    " claimed_until = excluded.claimed_until"
    " WHERE (run.claimed_until <= :now OR run.claimed_until > :farthest)"
    " AND (run.ended_at IS NULL OR run.ended_at <= :recent OR run.ended_at > :now"
    " OR run.days <> excluded.days)"
)


def days(session: Session, project_id: int) -> int | None:
    """How many days; None: for ever."""
    return session.scalar(select(Retention.days).where(Retention.project_id == project_id))


def every(session: Session) -> Mapping[int, int]:
    """Project -> days, of those that do not keep events for ever."""
    return {row.project_id: row.days for row in session.scalars(select(Retention))}


def keep(session: Session, project_id: int, kept: int | None) -> None:
    """From now on raw events are kept so many days, 1 to ``MOST_DAYS``, or for ever."""
    session.execute(delete(Retention).where(Retention.project_id == project_id))
    if kept is not None:
        session.add(Retention(project_id=project_id, days=kept))


def words(kept: int | None) -> str:
    """How long, as the audit trail says it."""
    return "for ever" if kept is None else f"{kept} days"


def cutoff(kept: int, now: int) -> int:
    """What arrived before this moment goes; in microseconds, as ``now`` is."""
    return now - kept * DAY_SECONDS * MICROSECONDS


def claim(session: Session, project_id: int, kept: int, *, now: int, rest: float = 0) -> bool:
    """Begin or take up the project's run; False when another process is at it.

    False too when a run with as many days ended less than ``rest`` seconds ago.
    """
    values = {
        "project_id": project_id,
        "days": kept,
        "now": now,
        "until": now + CLAIM_SECONDS * MICROSECONDS,
        "farthest": now + FARTHEST,
        "recent": now - int(rest * MICROSECONDS),
    }
    done = session.connection().execute(_CLAIM, values)
    return done.rowcount == 1


def renew(session: Session, project_id: int, *, now: int) -> None:
    """Whoever has the run is still at it."""
    _set(session, project_id, claimed_until=now + CLAIM_SECONDS * MICROSECONDS)


def end(session: Session, project_id: int, *, now: int) -> None:
    """There is nothing more to remove."""
    _set(session, project_id, claimed_until=0, ended_at=now)


def let_go(session: Session, project_id: int) -> None:
    """Whoever had the run leaves it to the next."""
    _set(session, project_id, claimed_until=0)


def last_run(session: Session, project_id: int, *, now: int) -> Run | None:
    """The run under way, or the last one."""
    row = session.scalar(select(RetentionRun).where(RetentionRun.project_id == project_id))
    if row is None:
        return None
    claimed = now < row.claimed_until <= now + FARTHEST
    state = "done" if row.ended_at is not None else "running" if claimed else "interrupted"
    return Run(row.days, row.began_at, row.ended_at, row.gone, state)


def _set(session: Session, project_id: int, **values: int) -> None:
    session.execute(
        update(RetentionRun).where(RetentionRun.project_id == project_id).values(**values)
    )
