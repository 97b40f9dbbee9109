"""People as a provider of single sign-on knows them. Times are microseconds since 1970 UTC."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from djangalytics_server.catalog import accounts, invitations, organisations, people, secrets
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.sign_on import Newcomers
from djangalytics_server.store.tables import Identity, Invitation, UsedSignIn

PATIENCE_SECONDS = 600
"""For how long a sign-in may be under way at the provider."""
_COOKIE = re.compile(r"[A-Za-z0-9_-]{20,100}\.([0-9]{1,18})\.((?:[0-9a-f]{2}){1,50})")


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a provider says that somebody is; the e-mail address is one that it has verified."""

    issuer: str
    subject: str
    email: str
    name: str


class OtherIdentity(Exception):
    """The account is another's at this provider."""


class AlreadyUsed(Exception):
    """Somebody has signed in with this state."""


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


def fresh_cookie(place: str, *, now: int) -> str:
    """What a browser keeps while it is at the provider: a secret, the end, and where it leads.

    The proofs follow from all of it, so whoever changes a part has no proofs that fit. Nothing of
    it is kept here: anybody may begin a sign-in, as often as they like.
    """
    end = now + PATIENCE_SECONDS * MICROSECONDS
    return f"{secrets.make()}.{end}.{place.encode().hex()}"


def place_of(cookie: str, *, now: int) -> str | None:
    """Where the sign-in leads; None when it is over."""
    found = _COOKIE.fullmatch(cookie)
    if found is None or not now <= int(found[1]) <= now + PATIENCE_SECONDS * MICROSECONDS:
        return None
    return bytes.fromhex(found[2]).decode("utf-8", "replace")


def is_used(session: Session, state: str) -> bool:
    """Whether somebody has signed in with it already."""
    return session.get(UsedSignIn, secrets.digest(state)) is not None


def use_up(session: Session, state: str, *, now: int) -> None:
    """Somebody signs in with it: nobody does again. It is forgotten when its cookie is over.

    Raises AlreadyUsed.
    """
    session.execute(delete(UsedSignIn).where(UsedSignIn.expires_at < now))
    end = now + PATIENCE_SECONDS * MICROSECONDS
    session.add(UsedSignIn(hash=secrets.digest(state), expires_at=end))
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyUsed from error


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
