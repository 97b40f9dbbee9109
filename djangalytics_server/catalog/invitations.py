"""Invitations: one-time links into an organisation. Times are microseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import ids, secrets
from djangalytics_server.errors import AlreadyMember
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.store.tables import Invitation, Membership, Organisation, User

LIFETIME = 7 * DAY_SECONDS * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom somebody invites, into which organisation, to do what."""

    organisation_id: int
    email: str
    role: str
    invited_by: str
    now: int


@dataclass(frozen=True, slots=True)
class InvitationFacts:
    """An invitation as it may be shown: never its link."""

    id: int
    organisation_id: int
    organisation: str
    email: str
    role: str
    created_at: int
    created_by: str
    expires_at: int


def create(session: Session, wish: Wish) -> tuple[str, InvitationFacts]:
    """The link's token, the only time it is seen; a former invitation of the same person ends.

    Raises AlreadyMember.
    """
    member = (
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(User.email == wish.email, Membership.organisation_id == wish.organisation_id)
    )
    if session.scalars(member).first() is not None:
        raise AlreadyMember(f"{wish.email} belongs to the organisation already.")
    same = (Invitation.email == wish.email, Invitation.organisation_id == wish.organisation_id)
    session.execute(delete(Invitation).where(*same))
    session.execute(delete(Invitation).where(Invitation.expires_at < wish.now))
    token = secrets.make()
    row = Invitation(
        hash=secrets.digest(token),
        organisation_id=wish.organisation_id,
        email=wish.email,
        role=wish.role,
        created_at=wish.now,
        created_by=wish.invited_by[:100],
        expires_at=wish.now + LIFETIME,
    )
    session.add(row)
    session.flush()
    made = find(session, token, now=wish.now)
    assert made is not None
    return token, made


def find(session: Session, token: str, *, now: int) -> InvitationFacts | None:
    """What a link invites to; None when it was used, has expired, or was never made."""
    question = _question().where(
        Invitation.hash == secrets.digest(token), Invitation.expires_at >= now
    )
    row = session.execute(question).first()
    return None if row is None else InvitationFacts(*row)


def of_organisation(
    session: Session, organisation_id: int, *, now: int
) -> Sequence[InvitationFacts]:
    """The invitations that may still be accepted, oldest first."""
    question = (
        _question()
        .where(Invitation.organisation_id == organisation_id, Invitation.expires_at >= now)
        .order_by(Invitation.id)
    )
    return [InvitationFacts(*row) for row in session.execute(question)]


def end(session: Session, organisation_id: int, invitation_id: int) -> str | None:
    """Take an invitation back: whose it was, or None when the organisation has none such."""
    if invitation_id > ids.LARGEST:
        return None
    return session.scalars(
        delete(Invitation)
        .where(Invitation.id == invitation_id, Invitation.organisation_id == organisation_id)
        .returning(Invitation.email)
    ).first()


def use_up(session: Session, invitation_id: int) -> bool:
    """Whether this was the one time that the invitation works."""
    used = delete(Invitation).where(Invitation.id == invitation_id).returning(Invitation.id)
    return session.scalars(used).first() is not None


def _question() -> Any:
    return select(
        Invitation.id,
        Invitation.organisation_id,
        Organisation.name,
        Invitation.email,
        Invitation.role,
        Invitation.created_at,
        Invitation.created_by,
        Invitation.expires_at,
    ).join(Organisation, Organisation.id == Invitation.organisation_id)
