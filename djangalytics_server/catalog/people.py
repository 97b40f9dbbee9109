"""People and what they may do in which organisation. Times are microseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import ids
from djangalytics_server.errors import LastOwner
from djangalytics_server.store.tables import (
    Identity,
    LoginLink,
    Membership,
    Project,
    RecoveryCode,
    SecondFactor,
    SignIn,
    User,
)


@dataclass(frozen=True, slots=True)
class Seat:
    """A project that a person may see, and what they may do there."""

    project_id: int
    role: str


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """One person in one organisation. ``last_seen_at`` is None for who has no session."""

    id: int
    name: str
    email: str | None
    role: str
    joined_at: int
    last_seen_at: int | None
    second_factor: bool = False


def create(session: Session, name: str, *, now: int, email: str | None = None) -> int:
    """A new person's id; they belong to no organisation yet."""
    person = User(name=name, email=email, created_at=now)
    session.add(person)
    session.flush()
    return person.id


def join(session: Session, organisation_id: int, user_id: int, role: str, *, now: int) -> None:
    """Make a person a member; one who is already keeps the role they have."""
    if session.get(Membership, (organisation_id, user_id)) is None:
        session.add(
            Membership(organisation_id=organisation_id, user_id=user_id, role=role, created_at=now)
        )
        session.flush()


def seats(session: Session, user_id: int) -> Sequence[Seat]:
    """The projects of a person's organisations, oldest first."""
    question = (
        select(Project.id, Membership.role)
        .join(Membership, Membership.organisation_id == Project.organisation_id)
        .where(Membership.user_id == user_id, Project.deleted_at.is_(None))
        .order_by(Project.id)
    )
    return [Seat(*row) for row in session.execute(question)]


def members(session: Session, organisation_id: int) -> Sequence[MemberFacts]:
    """Everybody of an organisation, in the order they joined."""
    seen = select(func.max(SignIn.last_seen_at)).where(SignIn.user_id == User.id).scalar_subquery()
    question = (
        select(
            User.id,
            User.name,
            User.email,
            Membership.role,
            Membership.created_at,
            seen,
            SecondFactor.confirmed_at.is_not(None),
        )
        .join(Membership, Membership.user_id == User.id)
        .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
        .where(Membership.organisation_id == organisation_id)
        .order_by(Membership.created_at, User.id)
    )
    return [MemberFacts(*row) for row in session.execute(question)]


def member(session: Session, organisation_id: int, user_id: int) -> MemberFacts | None:
    """One member of an organisation; None for who is not."""
    if user_id > ids.LARGEST:
        return None
    found = members(session, organisation_id)
    return next((person for person in found if person.id == user_id), None)


def is_owned_by(session: Session, user_id: int, owner_id: int) -> bool:
    """Whether somebody is an owner of every organisation that a person belongs to."""
    owned = select(Membership.organisation_id).where(
        Membership.user_id == owner_id, Membership.role == "owner"
    )
    others = select(Membership.user_id).where(
        Membership.user_id == user_id, Membership.organisation_id.not_in(owned)
    )
    return session.scalars(others.limit(1)).first() is None


def find(session: Session, named: str) -> int | None:
    """The id of the person of this id or e-mail address."""
    if named.isascii() and named.isdecimal():
        is_it = User.id == min(int(named[:12]), ids.LARGEST)
    else:
        is_it = User.email == named.strip().lower()
    return session.scalars(select(User.id).where(is_it)).first()


def set_role(session: Session, organisation_id: int, user_id: int, role: str) -> None:
    """Give a member another role. Raises LastOwner if nobody would own the organisation."""
    row = session.get_one(Membership, (organisation_id, user_id))
    if row.role == "owner" and role != "owner":
        _check_other_owner(session, organisation_id, user_id)
    row.role = role
    session.flush()


def remove(session: Session, organisation_id: int, user_id: int) -> None:
    """Take a person out of an organisation; who is in no other is gone, sessions and all.

    Raises LastOwner if nobody would own the organisation.
    """
    row = session.get_one(Membership, (organisation_id, user_id))
    if row.role == "owner":
        _check_other_owner(session, organisation_id, user_id)
    session.delete(row)
    session.flush()
    others = select(Membership.role).where(Membership.user_id == user_id).limit(1)
    if session.scalars(others).first() is None:
        for table in (SignIn, LoginLink, RecoveryCode, SecondFactor, Identity):
            session.execute(delete(table).where(table.user_id == user_id))
        session.execute(delete(User).where(User.id == user_id))


def _check_other_owner(session: Session, organisation_id: int, user_id: int) -> None:
    others = select(Membership.user_id).where(
        Membership.organisation_id == organisation_id,
        Membership.role == "owner",
        Membership.user_id != user_id,
    )
    if session.scalars(others.limit(1)).first() is None:
        raise LastOwner("Nobody else owns the organisation. Make somebody else an owner first.")
