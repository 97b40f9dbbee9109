"""Projects: what events belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import keys, people
from djangalytics_server.store.tables import Project, User


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """A project as the rest of the house sees it."""

    id: int
    name: str
    time_zone: str
    open_capture: bool


@dataclass(frozen=True, slots=True)
class FirstSecrets:
    """What a new server shows once: the keys of its project and the owner's way in."""

    write_key: str
    read_key: str
    login_token: str


def found(session: Session, *, now: int, time_zone: str = "UTC") -> FirstSecrets:
    """Make the first project, its keys and its owner in an empty database."""
    project = Project(name="My project", time_zone=time_zone, open_capture=True, created_at=now)
    owner = User(name="Owner", role="owner", created_at=now)
    session.add_all([project, owner])
    session.flush()
    maker = keys.Maker("first start", now)
    return FirstSecrets(
        write_key=keys.create(session, project.id, "write", "first write key", maker).text,
        read_key=keys.create(session, project.id, "read", "first read key", maker).text,
        login_token=people.login_link(session, now=now),
    )


def first(session: Session) -> ProjectFacts | None:
    """The project of a request that names none: the oldest."""
    return _facts(session.scalars(select(Project).order_by(Project.id).limit(1)).first())


def get(session: Session, project_id: int) -> ProjectFacts | None:
    """One project by id."""
    return _facts(session.get(Project, project_id))


def every(session: Session) -> Sequence[ProjectFacts]:
    """All projects, oldest first."""
    rows = session.scalars(select(Project).order_by(Project.id))
    return [facts for facts in map(_facts, rows) if facts is not None]


def _facts(row: Project | None) -> ProjectFacts | None:
    if row is None:
        return None
    return ProjectFacts(row.id, row.name, row.time_zone, row.open_capture)
