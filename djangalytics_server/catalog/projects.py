"""Projects: what events belong to, and what organisations have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import allowed, ids, keys, organisations, people, sessions
from djangalytics_server.errors import LastProject
from djangalytics_server.model.sending import RateLimit
from djangalytics_server.store.tables import ApiKey, Organisation, Project


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """A project as the rest of the house sees it.

    Browsers send to it from pages of ``origins`` alone; an empty ``sources`` allows any; without a
    ``limit`` it takes what the server does.
    """

    id: int
    name: str
    time_zone: str
    open_capture: bool
    organisation_id: int
    organisation: str
    origins: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class FirstSecrets:
    """What a new server shows once: the keys of its project and the owner's way in."""

    write_key: str
    read_key: str
    login_token: str


def found(session: Session, *, now: int, time_zone: str = "UTC") -> FirstSecrets:
    """Make the first project, its keys, its organisation and its owner in an empty database."""
    organisation = organisations.create(session, "My organisation", now=now)
    project = create(session, organisation.id, "My project", time_zone, now=now, open_capture=True)
    owner = people.create(session, "Owner", now=now)
    people.join(session, organisation.id, owner, "owner", now=now)
    maker = keys.Maker("first start", now)
    return FirstSecrets(
        write_key=keys.create(session, project.id, "write", "first write key", maker).text,
        read_key=keys.create(session, project.id, "read", "first read key", maker).text,
        login_token=sessions.login_link(session, owner, now=now),
    )


def create(
    session: Session,
    organisation_id: int,
    name: str,
    time_zone: str,
    *,
    now: int,
    open_capture: bool = False,
) -> ProjectFacts:
    """Make a project without keys. Its id was never another's."""
    row = Project(
        name=name,
        time_zone=time_zone,
        open_capture=open_capture,
        created_at=now,
        organisation_id=organisation_id,
    )
    session.add(row)
    session.flush()
    made = get(session, row.id)
    assert made is not None
    return made


def first(session: Session) -> ProjectFacts | None:
    """The project of a request that names none: the oldest."""
    return next(iter(_found(session, limit=1)), None)


def get(session: Session, project_id: int) -> ProjectFacts | None:
    """One project by id; None for one that is deleted or never was."""
    if project_id > ids.LARGEST:
        return None
    return next(iter(_found(session, Project.id == project_id)), None)


def every(session: Session) -> Sequence[ProjectFacts]:
    """All projects, oldest first."""
    return _found(session)


def change(
    session: Session,
    project_id: int,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    open_capture: bool | None = None,
    origins: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    limit: RateLimit | Literal["stays"] | None = "stays",
) -> ProjectFacts | None:
    """Change what is given; None when there is no such project. A limit of None is none at all."""
    row = session.get(Project, project_id)
    if row is None or row.deleted_at is not None:
        return None
    if name is not None:
        row.name = name
    if time_zone is not None:
        row.time_zone = time_zone
    if open_capture is not None:
        row.open_capture = open_capture
    if origins is not None:
        row.origins = allowed.kept(origins)
    if sources is not None:
        row.sources = allowed.kept(sources)
    if limit != "stays":
        row.limit_rate, row.limit_at_once = limit or (None, None)
    session.flush()
    return get(session, project_id)


def delete_for_good(session: Session, project_id: int, *, now: int) -> int | None:
    """Take a project and its keys from everybody's sight; None when there is none.

    Answers with the oldest project that its organisation still has. Its events go afterwards: see
    ``catalog.removal``. Raises LastProject for the only project of its organisation.
    """
    row = session.get(Project, project_id)
    if row is None or row.deleted_at is not None:
        return None
    of_organisation = _found(session, Project.organisation_id == row.organisation_id)
    remaining = [project.id for project in of_organisation if project.id != project_id]
    if not remaining:
        raise LastProject("This is the organisation's only project. Make another one first.")
    session.execute(delete(ApiKey).where(ApiKey.project_id == project_id))
    row.name, row.organisation_id, row.open_capture, row.deleted_at = "", None, False, now
    row.origins = row.sources = allowed.NOTHING
    row.limit_rate = row.limit_at_once = None
    session.flush()
    return remaining[0]


def deleted(session: Session) -> Sequence[int]:
    """The ids of projects that are gone, of which events may still be there."""
    return session.scalars(
        select(Project.id).where(Project.deleted_at.is_not(None)).order_by(Project.id)
    ).all()


def _found(
    session: Session, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[ProjectFacts]:
    question = (
        select(
            Project.id,
            Project.name,
            Project.time_zone,
            Project.open_capture,
            Organisation.id,
            Organisation.name,
            Project.origins,
            Project.sources,
            Project.limit_rate,
            Project.limit_at_once,
        )
        .join(Organisation, Organisation.id == Project.organisation_id)
        .where(Project.deleted_at.is_(None), *conditions)
        .order_by(Project.id)
        .limit(limit)
    )
    return [
        ProjectFacts(
            *row[:6],
            origins=allowed.listed(row.origins),
            sources=allowed.listed(row.sources),
            limit=allowed.limit(row.limit_rate, row.limit_at_once),
        )
        for row in session.execute(question)
    ]
