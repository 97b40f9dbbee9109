"""One's own account: name, e-mail address, password, and the sessions one has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import ids
from djangalytics_server.errors import EmailTaken
from djangalytics_server.store.tables import LoginLink, SignIn, User


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """A person's account; ``password_hash`` never leaves the house."""

    id: int
    name: str
    email: str | None
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A browser that is signed in; ``browser`` is what it calls itself."""

    id: int
    address: str
    browser: str
    created_at: int
    last_seen_at: int
    expires_at: int


def get(session: Session, user_id: int) -> AccountFacts:
    """The account of somebody who is signed in."""
    return _facts(session.get_one(User, user_id))


def by_email(session: Session, email: str) -> AccountFacts | None:
    """The account under an e-mail address."""
    row = session.scalars(select(User).where(User.email == email.strip().lower())).first()
    return None if row is None else _facts(row)


def change(
    session: Session, user_id: int, *, name: str | None = None, email: str | None = None
) -> AccountFacts:
    """Change what is given. Raises EmailTaken."""
    row = session.get_one(User, user_id)
    if name is not None:
        row.name = name
    if email is not None:
        other = by_email(session, email)
        if other is not None and other.id != user_id:
            raise EmailTaken("Somebody else signs in by this e-mail address.")
        row.email = email
    session.flush()
    return _facts(row)


def set_password(session: Session, user_id: int, password_hash: str, *, keep: int) -> int:
    """Set a password, and end all ways in but the session ``keep``: how many sessions ended."""
    session.get_one(User, user_id).password_hash = password_hash
    ended = end_others(session, user_id, keep=keep)
    kept = session.get(SignIn, keep)
    if kept is not None:
        kept.by_link = False
    session.flush()
    return ended


def end_others(session: Session, user_id: int, *, keep: int = 0) -> int:
    """End all of a person's ways in but the session ``keep``: how many sessions ended."""
    session.execute(delete(LoginLink).where(LoginLink.user_id == user_id))
    ended = session.execute(
        delete(SignIn).where(SignIn.user_id == user_id, SignIn.id != keep).returning(SignIn.id)
    ).all()
    return len(ended)


def sessions_of(session: Session, user_id: int, *, now: int) -> Sequence[SessionFacts]:
    """The sessions that are still good, the last used first."""
    question = (
        select(
            SignIn.id,
            SignIn.address,
            SignIn.browser,
            SignIn.created_at,
            SignIn.last_seen_at,
            SignIn.expires_at,
        )
        .where(SignIn.user_id == user_id, SignIn.expires_at >= now)
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
    )
    return [SessionFacts(*row) for row in session.execute(question)]


def end_session(session: Session, user_id: int, session_id: int) -> bool:
    """End one of a person's sessions; False when they have none such."""
    if session_id > ids.LARGEST:
        return False
    ended = session.execute(
        delete(SignIn)
        .where(SignIn.id == session_id, SignIn.user_id == user_id)
        .returning(SignIn.id)
    )
    return ended.first() is not None


def _facts(row: User) -> AccountFacts:
    return AccountFacts(row.id, row.name, row.email, row.password_hash)
