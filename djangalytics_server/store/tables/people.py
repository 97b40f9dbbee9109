"""The tables of people: organisations, projects, keys, who may sign in, and what they did."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import BigInteger, Connection, ForeignKey, Index, Integer, Table, event
from sqlalchemy.orm import Mapped, mapped_column

from djangalytics_server.store import append_only
from djangalytics_server.store.columns import BIG_ID, text
from djangalytics_server.store.tables.base import Base


class Organisation(Base):
    """Whom projects belong to, and people work for."""

    __tablename__ = "organisations"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(100))
    created_at: Mapped[int] = mapped_column(BigInteger)


class Project(Base):
    """What events belong to. ``open_capture``: events are taken without a key.

    ``origins`` and ``sources`` are lists as ``catalog.allowed`` keeps them. ``limit_rate`` is how
    many events a second it takes, and ``limit_at_once`` how many at once; null: without a limit.

    Of a project that was deleted this row stays, without name and organisation, so that no later
    project gets its id, and with it the events that were under way to it.
    """

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(100))
    time_zone: Mapped[str] = mapped_column(text(64), default="UTC")
    open_capture: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int] = mapped_column(BigInteger)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    deleted_at: Mapped[int | None] = mapped_column(BigInteger)
    origins: Mapped[str] = mapped_column(text(), server_default=sqlalchemy.text("'[]'"))
    sources: Mapped[str] = mapped_column(text(), server_default=sqlalchemy.text("'[]'"))
    limit_rate: Mapped[int | None] = mapped_column(Integer)
    limit_at_once: Mapped[int | None] = mapped_column(Integer)


class ApiKey(Base):
    """A key's SHA-256 and what may be shown of it; the key itself is never stored.

    ``created_by`` is a name as it was then: whoever made a key may be gone since.
    """

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(text(8))
    name: Mapped[str] = mapped_column(text(100))
    prefix: Mapped[str] = mapped_column(text(12))
    hash: Mapped[str] = mapped_column(text(64), unique=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str | None] = mapped_column(text(100))
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)


class User(Base):
    """A person who may sign in.

    ``email`` is how they say who they are, in small letters; ``password_hash`` is argon2id's own
    text. Who has neither signs in by the terminal's link.
    """

    __tablename__ = "users"
    __table_args__ = (Index("uq_users_email", "email", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(100))
    created_at: Mapped[int] = mapped_column(BigInteger)
    email: Mapped[str | None] = mapped_column(text(254))
    password_hash: Mapped[str | None] = mapped_column(text(200))


class SecondFactor(Base):
    """That a person proves twice who they are; see ``catalog.second_factor``.

    ``last_step`` is the newest step of time whose code was used; until ``confirmed_at`` nobody is
    asked for one.
    """

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    salt: Mapped[str] = mapped_column(text(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    confirmed_at: Mapped[int | None] = mapped_column(BigInteger)
    last_step: Mapped[int] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code that works once in the place of an app's; only its hash is stored."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "user_id"),)

    hash: Mapped[str] = mapped_column(text(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


class Identity(Base):
    """Who a provider of single sign-on means by a subject."""

    __tablename__ = "identities"
    __table_args__ = (Index(None, "user_id"),)

    issuer: Mapped[str] = mapped_column(text(300), primary_key=True)
    subject: Mapped[str] = mapped_column(text(255), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[int] = mapped_column(BigInteger)


class UsedSignIn(Base):
    """The hash of a state with which somebody signed in by a provider; until its cookie is over."""

    __tablename__ = "used_sign_ins"

    hash: Mapped[str] = mapped_column(text(64), primary_key=True)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class Membership(Base):
    """What a person may do in an organisation: see ``catalog.roles``."""

    __tablename__ = "memberships"
    __table_args__ = (Index(None, "user_id"), {"sqlite_with_rowid": False})

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    role: Mapped[str] = mapped_column(text(16))
    created_at: Mapped[int] = mapped_column(BigInteger)


class Invitation(Base):
    """A one-time way into an organisation; only the hash of its link is stored."""

    __tablename__ = "invitations"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(text(64), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    email: Mapped[str] = mapped_column(text(254))
    role: Mapped[str] = mapped_column(text(16))
    created_at: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(text(100))
    expires_at: Mapped[int] = mapped_column(BigInteger)


class LoginLink(Base):
    """A one-time way in; only its hash is stored."""

    __tablename__ = "login_links"

    hash: Mapped[str] = mapped_column(text(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[int] = mapped_column(BigInteger)


class SignIn(Base):
    """A browser's session; only the hash of its cookie is stored.

    ``by_link``: it began with the terminal's link, whose bearer may set a password anew.
    """

    __tablename__ = "sessions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(text(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    by_link: Mapped[bool] = mapped_column()
    address: Mapped[str] = mapped_column(text(64))
    browser: Mapped[str] = mapped_column(text(200))
    created_at: Mapped[int] = mapped_column(BigInteger)
    last_seen_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class SignInFailure(Base):
    """How often somebody at an address got an account's password wrong, until it is right.

    ``account`` is the SHA-256 of the e-mail address that was given, whether anybody has it or not.
    """

    __tablename__ = "sign_in_failures"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account: Mapped[str] = mapped_column(text(64), primary_key=True)
    address: Mapped[str] = mapped_column(text(64), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Base):
    """What was done, by whom, to what, from where. Rows are added; the database refuses the rest.

    Names and subjects are as they were then: who and what they speak of may be gone since.
    """

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "project_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=True)
    at: Mapped[int] = mapped_column(BigInteger)
    project_id: Mapped[int | None] = mapped_column(Integer)
    actor: Mapped[str] = mapped_column(text(200))
    action: Mapped[str] = mapped_column(text(40))
    subject: Mapped[str] = mapped_column(text(300))
    address: Mapped[str | None] = mapped_column(text(64))
    details: Mapped[str] = mapped_column(text())


@event.listens_for(AuditRow.__table__, "after_create")
def _only_append(table: Table, connection: Connection, **_more: object) -> None:
    for statement in append_only.statements(connection.dialect.name, table.name):
        connection.exec_driver_sql(statement)
