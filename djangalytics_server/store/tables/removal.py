"""The tables of removing: who is erased, what went by age, and what is remembered of both."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from djangalytics_server.store.columns import text
from djangalytics_server.store.tables.base import Base


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


class Retention(Base):
    """Projects whose raw events go after so many days; the counts stay."""

    __tablename__ = "retention"

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    days: Mapped[int] = mapped_column(Integer)


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
