"""Organisations: whom projects belong to, and people work for. Each has one project at least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from djangalytics_server.store.tables import Organisation


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """An organisation as the rest of the house sees it."""

    id: int
    name: str


def create(session: Session, name: str, *, now: int) -> OrganisationFacts:
    """Make an organisation; whoever does gives it a project in the same transaction."""
    row = Organisation(name=name, created_at=now)
    session.add(row)
    session.flush()
    return OrganisationFacts(row.id, row.name)


def every(session: Session) -> Sequence[OrganisationFacts]:
    """All organisations, oldest first."""
    rows = session.scalars(select(Organisation).order_by(Organisation.id))
    return [OrganisationFacts(row.id, row.name) for row in rows]


def rename(session: Session, organisation_id: int, name: str) -> None:
    """Give an organisation another name."""
    row = session.get(Organisation, organisation_id)
    if row is not None:
        row.name = name
        session.flush()
