"""The ways in: one-time links and browsers' sessions. Times are microseconds since 1970 UTC."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from djangalytics_server.catalog import secrets
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.store.tables import LoginLink, Membership, SignIn, User

LINK_LIFETIME = DAY_SECONDS * MICROSECONDS
SESSION_LIFETIME = 30 * DAY_SECONDS * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Person:
    """Who a session belongs to."""

    user_id: int
    name: str
    session_id: int
    by_link: bool
    last_seen_at: int


@dataclass(frozen=True, slots=True)
class Visit:
    """Where somebody signs in: when, from which address, and what their browser calls itself.

    ``before`` is the cookie that the browser had, whose session ends.
    """

    now: int
    address: str = ""
    browser: str = ""
    before: str = ""


def owner(session: Session) -> int | None:
    """Who gets the terminal's link: the owner who has been one for longest."""
    return session.scalars(
        select(Membership.user_id)
        .where(Membership.role == "owner")
        .order_by(Membership.organisation_id, Membership.created_at, Membership.user_id)
    ).first()


def login_link(session: Session, user_id: int, *, now: int) -> str:
    """A new one-time token for a person; it works once, within a day."""
    token = secrets.make()
    session.add(
        LoginLink(hash=secrets.digest(token), user_id=user_id, expires_at=now + LINK_LIFETIME)
    )
    session.flush()
    return token


def use_up(session: Session, token: str, *, now: int) -> int | None:
    """Use up a one-time token: whom it signs in, or None when it is not valid."""
    found = session.execute(
        delete(LoginLink)
        .where(LoginLink.hash == secrets.digest(token))
        .returning(LoginLink.user_id, LoginLink.expires_at)
    ).first()
    return None if found is None or found.expires_at < now else int(found.user_id)


def begin(session: Session, user_id: int, visit: Visit, *, by_link: bool = False) -> str:
    """The cookie of a new session; the browser's former one ends, and so do those that are old."""
    cookie, now = secrets.make(), visit.now
    former = SignIn.hash == secrets.digest(visit.before)
    session.execute(delete(SignIn).where((SignIn.expires_at < now) | former))
    session.add(
        SignIn(
            hash=secrets.digest(cookie),
            user_id=user_id,
            by_link=by_link,
            address=visit.address[:64],
            browser=visit.browser[:200],
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
    )
    session.flush()
    return cookie


def signed_in(session: Session, cookie: str, *, now: int) -> Person | None:
    """Who the cookie belongs to, if its session is still good."""
    row = session.execute(
        select(User.id, User.name, SignIn.id, SignIn.by_link, SignIn.last_seen_at)
        .join(User, User.id == SignIn.user_id)
        .where(SignIn.hash == secrets.digest(cookie), SignIn.expires_at >= now)
    ).first()
    return None if row is None else Person(*row)


def seen(session: Session, session_id: int, *, now: int) -> None:
    """Note that a session was used."""
    later = SignIn.last_seen_at < now
    session.execute(update(SignIn).where(SignIn.id == session_id, later).values(last_seen_at=now))


def sign_out(session: Session, cookie: str) -> None:
    """End a session."""
    session.execute(delete(SignIn).where(SignIn.hash == secrets.digest(cookie)))


def csrf_token(cookie: str) -> str:
    """The token that writes of this session carry: only a page that may read us knows it."""
    return hmac.new(cookie.encode(), b"djangalytics csrf", hashlib.sha256).hexdigest()
