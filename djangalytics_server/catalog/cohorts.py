"""The cohorts that people saved: names, and definitions as JSON that was read before it was kept.

Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import ids
from djangalytics_server.store.tables import Cohort


@dataclass(frozen=True, slots=True)
class CohortFacts:
    """A saved cohort; ``created_by`` is a name as it was then."""

    id: int
    project_id: int
    name: str
    definition: dict[str, Any]
    created_at: int
    created_by: str


def create(
    session: Session,
    project_id: int,
    name: str,
    definition: dict[str, Any],
    *,
    by: str,
    now: int,
) -> CohortFacts:
    """Keep a definition, which must be a right one, under a name."""
    row = Cohort(
        project_id=project_id,
        name=name,
        definition=_text(definition),
        created_at=now,
        created_by=by,
    )
    session.add(row)
    session.flush()
    return _facts(row)


def of_project(session: Session, project_id: int) -> Sequence[CohortFacts]:
    """All cohorts of a project, oldest first."""
    question = select(Cohort).where(Cohort.project_id == project_id).order_by(Cohort.id)
    return [_facts(row) for row in session.scalars(question)]


def get(session: Session, project_id: int, cohort_id: int) -> CohortFacts | None:
    """One of them; None when the project has no such cohort."""
    row = _row(session, project_id, cohort_id)
    return None if row is None else _facts(row)


def definition(session: Session, project_id: int, cohort_id: int) -> dict[str, Any] | None:
    """What one of them says; None when the project has no such cohort."""
    found = get(session, project_id, cohort_id)
    return None if found is None else found.definition


def change(
    session: Session,
    project_id: int,
    cohort_id: int,
    *,
    name: str | None = None,
    definition: dict[str, Any] | None = None,
) -> CohortFacts | None:
    """Change what is given; None when the project has no such cohort."""
    row = _row(session, project_id, cohort_id)
    if row is None:
        return None
    if name is not None:
        row.name = name
    if definition is not None:
        row.definition = _text(definition)
    session.flush()
    return _facts(row)


def delete(session: Session, project_id: int, cohort_id: int) -> CohortFacts | None:
    """Forget a cohort, and say which; None when the project has no such one."""
    row = _row(session, project_id, cohort_id)
    if row is None:
        return None
    facts = _facts(row)
    session.delete(row)
    session.flush()
    return facts


def _row(session: Session, project_id: int, cohort_id: int) -> Cohort | None:
    if cohort_id > ids.LARGEST:
        return None
    return session.scalars(
        select(Cohort).where(Cohort.id == cohort_id, Cohort.project_id == project_id)
    ).first()


def _text(definition: dict[str, Any]) -> str:
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


def _facts(row: Cohort) -> CohortFacts:
    return CohortFacts(
        row.id,
        row.project_id,
        row.name,
        json.loads(row.definition),
        row.created_at,
        row.created_by,
    )
