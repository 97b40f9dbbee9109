"""The tables, once: SQLAlchemy models that the store, the catalog and the app share.

Times of events are integers, microseconds since 1970 UTC. Times of people's things (keys,
sessions) are integers too, so that no engine's idea of a datetime comes between.
"""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import (
    BigInteger,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from djangalytics_server.store import append_only
from djangalytics_server.store.columns import BIG_ID, text
from djangalytics_server.store.random_ids import TIME_ORDERED


class Base(DeclarativeBase):
    """Our own base, so that the models type-check without any extension."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


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


class EventRow(Base):
    """An accepted event. Ids follow arrival and are never used twice."""

    __tablename__ = "events"
    __table_args__ = (
        Index(
            "uq_events_project_id_insert_id",
            "project_id",
            "insert_id",
            unique=True,
            sqlite_where=sqlalchemy.text(TIME_ORDERED),
        ),
        # The person at their end: who was there is read without a look at the events themselves.
        Index(None, "project_id", "timestamp", "distinct_id"),
        Index(None, "project_id", "event_name", "timestamp", "distinct_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=True)
    project_id: Mapped[int] = mapped_column(Integer)
    insert_id: Mapped[str] = mapped_column(text(100))
    event_name: Mapped[str] = mapped_column(text(100))
    timestamp: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[int] = mapped_column(BigInteger)
    distinct_id: Mapped[str | None] = mapped_column(text(200))
    session_id: Mapped[str | None] = mapped_column(text(200))
    source: Mapped[str | None] = mapped_column(text(200))
    properties: Mapped[str] = mapped_column(text())
    original_timestamp: Mapped[int | None] = mapped_column(BigInteger)


class EventCount(Base):
    """Rollup: events by name and bucket of time, at several grains.

    ``grain`` is the bucket's length in seconds, ``bucket`` its start in seconds since 1970
    UTC. A quarter of an hour is the finest: the days of every zone in use are made of those.
    """

    __tablename__ = "event_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    grain: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_name: Mapped[str] = mapped_column(text(100), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class VerdictCount(Base):
    """Rollup: what became of everything received, by UTC day of arrival.

    ``code`` is empty for accepted and duplicate, the reason for rejected. ``unnumbered`` are
    events among those whose numbers could not be read, by the reason.
    """

    __tablename__ = "verdict_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    verdict: Mapped[str] = mapped_column(text(10), primary_key=True)
    code: Mapped[str] = mapped_column(text(40), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class EventDefinition(Base):
    """Rollup: which events a project has; the times are the events' own, in microseconds."""

    __tablename__ = "event_definitions"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_name: Mapped[str] = mapped_column(text(100), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    first_seen: Mapped[int] = mapped_column(BigInteger)
    last_seen: Mapped[int] = mapped_column(BigInteger)


class PropertyDefinition(Base):
    """Rollup: which properties an event has, by the type of their values.

    ``property`` is a key of the outermost object; ``type`` is one of text, number, boolean,
    null, list, object.
    """

    __tablename__ = "property_definitions"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_name: Mapped[str] = mapped_column(text(100), primary_key=True)
    property: Mapped[str] = mapped_column(text(200), primary_key=True)
    type: Mapped[str] = mapped_column(text(8), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    first_seen: Mapped[int] = mapped_column(BigInteger)
    last_seen: Mapped[int] = mapped_column(BigInteger)


class Producer(Base):
    """Rollup: the numbers that producers gave their events, and what became of them.

    A producer is one run of one sender. The columns of numbers are those of ``store.account``;
    ``missing`` and ``dropped_gaps`` are JSON lists of [first, last, seconds], ``lost`` is an
    object of counts by reason. The row whose ``producer_id`` is empty is the sum of the
    ``merged`` producers of the project that were heard longest ago and have no rows any more.
    """

    __tablename__ = "producers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    producer_id: Mapped[str] = mapped_column(text(64), primary_key=True)
    host: Mapped[str] = mapped_column(text(200))
    process: Mapped[str] = mapped_column(text(200))
    started_at: Mapped[int] = mapped_column(BigInteger)
    first_seen: Mapped[int] = mapped_column(BigInteger)
    last_seen: Mapped[int] = mapped_column(BigInteger)
    tracked: Mapped[int] = mapped_column(BigInteger)
    highest: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger)
    repeated: Mapped[int] = mapped_column(BigInteger)
    late: Mapped[int] = mapped_column(BigInteger)
    dropped: Mapped[int] = mapped_column(BigInteger)
    unlisted: Mapped[int] = mapped_column(BigInteger)
    unplaced: Mapped[int] = mapped_column(BigInteger)
    settled: Mapped[int] = mapped_column(BigInteger)
    merged: Mapped[int] = mapped_column(BigInteger)
    missing: Mapped[str] = mapped_column(text())
    dropped_gaps: Mapped[str] = mapped_column(text())
    lost: Mapped[str] = mapped_column(text())


class InsertKey(Base):
    """SQLite alone: digests of insert ids that do not grow with time; see ``store.random_ids``."""

    __tablename__ = "insert_keys"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class ErasedKey(Base):
    """Digests of the insert ids of erased events; see ``store.erased_ids``."""

    __tablename__ = "erased_keys"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger)


class ErasureRow(Base):
    """A person who is to be erased, or was; see ``catalog.erasures``.

    ``distinct_id`` is there until all of them is gone. ``events`` and ``rejected`` grow in the
    transactions that remove.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index(None, "project_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(Integer)
    distinct_id: Mapped[str | None] = mapped_column(text(200))
    subject: Mapped[str] = mapped_column(text(100))
    asked_by: Mapped[str] = mapped_column(text(200))
    address: Mapped[str | None] = mapped_column(text(64))
    asked_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    claimed_until: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    events: Mapped[int] = mapped_column(BigInteger)
    rejected: Mapped[int] = mapped_column(BigInteger)


class Cohort(Base):
    """People told apart by what they did; ``definition`` is JSON as ``query.cohorts`` reads it."""

    __tablename__ = "cohorts"
    __table_args__ = (Index(None, "project_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(text(100))
    definition: Mapped[str] = mapped_column(text())
    created_at: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(text(200))


class Retention(Base):
    """Projects whose raw events go after so many days; the counts stay."""

    __tablename__ = "retention"

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    days: Mapped[int] = mapped_column(Integer)


class SendingCount(Base):
    """What was sent with which key in five minutes from ``bucket`` on; kept for two days.

    ``key_prefix`` is empty for what came without a key. Requests that were refused for being too
    fast count by what was too fast, and none of their events do.
    """

    __tablename__ = "sending_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    key_prefix: Mapped[str] = mapped_column(text(12), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int] = mapped_column(BigInteger)
    refused_key: Mapped[int] = mapped_column(BigInteger)
    refused_address: Mapped[int] = mapped_column(BigInteger)
    refused_project: Mapped[int] = mapped_column(BigInteger, server_default=sqlalchemy.text("0"))


class RetentionRun(Base):
    """The last removal by age of each project, or the one under way; see ``catalog.retention``.

    ``gone`` is exact at any moment: it grows in the transactions that remove.
    """

    __tablename__ = "retention_runs"

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    days: Mapped[int] = mapped_column(Integer)
    began_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    claimed_until: Mapped[int] = mapped_column(BigInteger)
    gone: Mapped[int] = mapped_column(BigInteger)


class ExpiredCount(Base):
    """Of events that went by retention: how many by name and quarter of an hour."""

    __tablename__ = "expired_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_name: Mapped[str] = mapped_column(text(100), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class ExpiredDefinition(Base):
    """Of events that went by retention: their properties; an empty ``type`` is the event itself."""

    __tablename__ = "expired_definitions"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_name: Mapped[str] = mapped_column(text(100), primary_key=True)
    property: Mapped[str] = mapped_column(text(200), primary_key=True)
    type: Mapped[str] = mapped_column(text(8), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    first_seen: Mapped[int] = mapped_column(BigInteger)
    last_seen: Mapped[int] = mapped_column(BigInteger)


class ExpiredDay(Base):
    """Of events that went by retention: how many had arrived on which UTC day."""

    __tablename__ = "expired_days"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)


class Mark(Base):
    """How far work in the background has come, by the name of the work."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(text(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Block(Base):
    """SQLite alone: a stretch of ids whose events lie there by columns; see ``store.blocks``."""

    __tablename__ = "blocks"

    first_id: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(BigInteger)


class BlockProject(Base):
    """Of a project's events in a block their times in order, the first and the last.

    ``partial``: some of their properties have no column there.
    """

    __tablename__ = "block_projects"
    __table_args__ = (Index(None, "first_id"), {"sqlite_with_rowid": False})

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    low: Mapped[int] = mapped_column(BigInteger)
    high: Mapped[int] = mapped_column(BigInteger)
    partial: Mapped[bool] = mapped_column()
    times: Mapped[bytes] = mapped_column(LargeBinary)


class BlockColumn(Base):
    """A field or a property of a project's events in a block; see ``store.blocks.layout``."""

    __tablename__ = "block_columns"
    __table_args__ = (Index(None, "first_id"), {"sqlite_with_rowid": False})

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(text(220), primary_key=True)
    first_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class BlockPeople(Base):
    """Digests of a project's people in a block and the ids of their events, in buckets."""

    __tablename__ = "block_people"
    __table_args__ = (Index(None, "first_id"), {"sqlite_with_rowid": False})

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class RejectedEvent(Base):
    """A refused event as it was sent; the oldest make room for the newest.

    ``sent_at`` is the sender's clock when it sent, so that a replay corrects the same skew.
    """

    __tablename__ = "rejected_events"
    __table_args__ = (Index(None, "project_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=True)
    project_id: Mapped[int] = mapped_column(Integer)
    received_at: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str] = mapped_column(text(40))
    field: Mapped[str | None] = mapped_column(text(300))
    key_prefix: Mapped[str | None] = mapped_column(text(12))
    insert_id: Mapped[str | None] = mapped_column(text(100))
    sent_at: Mapped[int | None] = mapped_column(BigInteger)
    raw: Mapped[str] = mapped_column(text())


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
