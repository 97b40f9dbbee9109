"""The tables of events: accepted and refused ones, and what is counted of them."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from djangalytics_server.store.columns import BIG_ID, text
from djangalytics_server.store.random_ids import TIME_ORDERED
from djangalytics_server.store.tables.base import Base


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
