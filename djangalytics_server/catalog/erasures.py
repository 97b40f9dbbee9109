"""People who are to be erased: each is written down first, so that a crash cannot lose it.

While it is under way the row has the person's id; in the transaction that removes the last of them
it goes too, and what stays is a digest. Whoever claims a row does the work; a claim lasts as long
as in ``catalog.retention``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from djangalytics_server.catalog import audit, ids
from djangalytics_server.catalog.retention import CLAIM_SECONDS, FARTHEST
from djangalytics_server.model.erasure import Erasure, pseudonym
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.trail import Actor
from djangalytics_server.store.tables import ErasureRow

_CLAIM = CLAIM_SECONDS * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done; without a ``distinct_id`` all of the person is gone already."""

    id: int
    project_id: int
    distinct_id: str | None


def ask(session: Session, project_id: int, distinct_id: str, actor: Actor, *, mine: bool) -> Work:
    """Write down that a person is to be erased; ``mine``: the caller begins at once."""
    row = ErasureRow(
        project_id=project_id,
        distinct_id=distinct_id,
        subject=pseudonym(distinct_id),
        asked_by=actor.name[:200],
        address=actor.address,
        asked_at=actor.now,
        claimed_until=actor.now + _CLAIM if mine else 0,
        events=0,
        rejected=0,
    )
    session.add(row)
    session.flush()
    return Work(row.id, project_id, distinct_id)


def claim_next(session: Session, *, now: int) -> Work | None:
    """The oldest that is not done and that nobody is at; from now on it is the caller's."""
    row = ErasureRow
    for found in session.scalars(_free(now)).all():
        mine = (row.id == found.id, row.claimed_until == found.claimed_until)
        claimed = update(row).where(*mine).values(claimed_until=now + _CLAIM)
        if session.connection().execute(claimed).rowcount == 1:
            return Work(found.id, found.project_id, found.distinct_id)
    return None


def waiting(session: Session, *, now: int) -> bool:
    """Whether there is anything for ``claim_next``."""
    return session.scalars(_free(now).limit(1)).first() is not None


def _free(now: int) -> Select[ErasureRow]:
    row = ErasureRow
    free = or_(row.claimed_until <= now, row.claimed_until > now + FARTHEST)
    return select(row).where(row.ended_at.is_(None), free).order_by(row.id)


def renew(session: Session, erasure_id: int, *, now: int) -> None:
    """Whoever has it is still at it."""
    _set(session, erasure_id, claimed_until=now + _CLAIM)


def let_go(session: Session, erasure_id: int) -> None:
    """Whoever had it leaves it to the next."""
    _set(session, erasure_id, claimed_until=0)


def finish(session: Session, erasure_id: int, *, now: int) -> None:
    """It is done; the line in the audit trail says how much went."""
    row = session.get(ErasureRow, erasure_id, populate_existing=True)
    if row is None or row.ended_at is not None:
        return  # the project is gone, or somebody else was quicker
    row.ended_at, row.claimed_until = now, 0
    audit.record(
        session,
        Actor(row.asked_by, row.address, now),
        "person.erase",
        row.subject,
        project_id=row.project_id,
        events=row.events,
        rejected=row.rejected,
    )


def get(session: Session, project_id: int, erasure_id: int, *, now: int) -> Erasure | None:
    """One of a project's, or None."""
    if erasure_id > ids.LARGEST:
        return None
    row = session.get(ErasureRow, erasure_id, populate_existing=True)
    return None if row is None or row.project_id != project_id else _facts(row, now)


def listed(session: Session, project_id: int, limit: int, *, now: int) -> list[Erasure]:
    """A project's, the newest first."""
    question = select(ErasureRow).where(ErasureRow.project_id == project_id)
    newest = question.order_by(ErasureRow.id.desc()).limit(limit)
    return [_facts(row, now) for row in session.scalars(newest)]


def _facts(row: ErasureRow, now: int) -> Erasure:
    claimed = now < row.claimed_until <= now + FARTHEST
    state = "done" if row.ended_at is not None else "running" if claimed else "waiting"
    return Erasure(
        id=row.id,
        subject=row.subject,
        state=state,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        events=row.events,
        of=row.total,
        rejected=row.rejected,
    )


def _set(session: Session, erasure_id: int, **values: int) -> None:
    session.execute(update(ErasureRow).where(ErasureRow.id == erasure_id).values(**values))
