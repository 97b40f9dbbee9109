"""People as a provider of single sign-on knows them. Times are microseconds since 1970 UTC."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import accounts, invitations, organisations, people, secrets
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.sign_on import Newcomers
from djangalytics_server.store.tables import Identity, Invitation, PendingSignIn

PATIENCE_SECONDS = 600
"""For how long a sign-in may be under way at the provider."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a provider says that somebody is; the e-mail address is one that it has verified."""

    issuer: str
    subject: str
    email: str
    name: str


class OtherIdentity(Exception):
    """The account is another's at this provider."""


class NotInvited(Exception):
    """Nobody invited them, and their e-mail domain is not among those that may come."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What goes to the provider and comes back; all of it follows from one random cookie."""

    state: str
    nonce: str
    verifier: str


def proofs(cookie: str) -> Proofs:
    """The proofs of the browser with this cookie; nobody who lacks it can make them."""

    def derived(purpose: str) -> str:
        return hmac.new(cookie.encode(), purpose.encode(), hashlib.sha256).hexdigest()

    return Proofs(derived("oidc state"), derived("oidc nonce"), derived("oidc verifier"))


def fresh_cookie() -> str:
    """What a browser keeps while it is at the provider."""
    return secrets.make()


def begin(session: Session, cookie: str, place: str, *, now: int) -> None:
    """A sign-in that leads to a place of ours is under way."""
    session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at < now))
    state, end = proofs(cookie).state, now + PATIENCE_SECONDS * MICROSECONDS
    session.add(PendingSignIn(hash=secrets.digest(state), place=place, expires_at=end))
    session.flush()


def use_up(session: Session, state: str, *, now: int) -> str | None:
    """Where the sign-in leads; None when it was used, is too old, or was never begun."""
    found = session.execute(
        delete(PendingSignIn)
        .where(PendingSignIn.hash == secrets.digest(state))
        .returning(PendingSignIn.place, PendingSignIn.expires_at)
    ).first()
    return None if found is None or found.expires_at < now else str(found.place)


def person(session: Session, claims: Claims, newcomers: Newcomers, *, now: int) -> int:
    """Who it is: known by subject, else by e-mail address, else somebody new who may come.

    Whoever is invited joins by that. Raises OtherIdentity or NotInvited.
    """
    known = session.get(Identity, (claims.issuer, claims.subject))
    if known is not None:
        _accept(session, known.user_id, claims, now)
        return known.user_id
    account = accounts.by_email(session, claims.email)
    if account is not None:
        user_id = account.id
        _check_unknown(session, claims.issuer, user_id)
    else:
        user_id = people.create(session, claims.name, now=now, email=claims.email)
    invited = _accept(session, user_id, claims, now)
    if account is None and not invited:
        _let_in(session, user_id, claims, newcomers, now)
    session.add(
        Identity(issuer=claims.issuer, subject=claims.subject, user_id=user_id, created_at=now)
    )
    session.flush()
    return user_id


def _check_unknown(session: Session, issuer: str, user_id: int) -> None:
    others = select(Identity.subject).where(Identity.issuer == issuer, Identity.user_id == user_id)
    if session.scalars(others).first() is not None:
        raise OtherIdentity


def _accept(session: Session, user_id: int, claims: Claims, now: int) -> bool:
    """Accept the invitations to the address; whether there was one."""
    question = select(Invitation).where(
        Invitation.email == claims.email, Invitation.expires_at >= now
    )
    found = session.scalars(question).all()
    for invitation in found:
        people.join(session, invitation.organisation_id, user_id, invitation.role, now=now)
        invitations.use_up(session, invitation.id)
    return bool(found)


def _let_in(session: Session, user_id: int, claims: Claims, newcomers: Newcomers, now: int) -> None:
    if claims.email.rpartition("@")[2] not in newcomers.domains:
        raise NotInvited
    oldest = organisations.every(session)[0]
    people.join(session, oldest.id, user_id, newcomers.role, now=now)
