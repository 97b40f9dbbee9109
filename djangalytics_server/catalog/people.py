"""People, their one-time links and their sessions. Times are microseconds since 1970 UTC."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import secrets
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.store.tables import LoginLink, Project, SignIn, User

LINK_LIFETIME = DAY_SECONDS * MICROSECONDS
SESSION_LIFETIME = 30 * DAY_SECONDS * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Person:
    """Who a session belongs to, and the project it looks at."""

    user_id: int
    name: str
    project_id: int


def login_link(session: Session, *, now: int) -> str:
    """A new one-time token for the owner; it works once, within a day."""
    token = secrets.make()
    session.add(
        LoginLink(
            hash=secrets.digest(token),
            user_id=session.scalars(select(User.id).order_by(User.id)).first(),
            project_id=session.scalars(select(Project.id).order_by(Project.id)).first(),
            expires_at=now + LINK_LIFETIME,
        )
    )
    session.flush()
    return token


def sign_in(session: Session, token: str, *, now: int) -> str | None:
    """Use up a one-time token: the cookie of a new session, or None when it is not valid."""
    found = session.execute(
        delete(LoginLink)
        .where(LoginLink.hash == secrets.digest(token))
        .returning(LoginLink.user_id, LoginLink.project_id, LoginLink.expires_at)
    ).first()
    if found is None or found.expires_at < now:
        return None
    cookie = secrets.make()
    session.execute(delete(SignIn).where(SignIn.expires_at < now))
    session.add(
        SignIn(
            hash=secrets.digest(cookie),
            user_id=found.user_id,
            project_id=found.project_id,
            created_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
    )
    session.flush()
    return cookie


def signed_in(session: Session, cookie: str, *, now: int) -> Person | None:
    """Who the cookie belongs to, if its session is still good."""
    row = session.execute(
        select(User.id, User.name, SignIn.project_id)
        .join(User, User.id == SignIn.user_id)
        .where(SignIn.hash == secrets.digest(cookie), SignIn.expires_at >= now)
    ).first()
    return None if row is None else Person(*row)


def sign_out(session: Session, cookie: str) -> None:
    """End a session."""
    session.execute(delete(SignIn).where(SignIn.hash == secrets.digest(cookie)))


def csrf_token(cookie: str) -> str:
    """The token that writes of this session carry: only a page that may read us knows it."""
    return hmac.new(cookie.encode(), b"djangalytics csrf", hashlib.sha256).hexdigest()
