"""The tables of events by columns; SQLite alone."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from djangalytics_server.store.columns import BIG_ID, text
from djangalytics_server.store.tables.base import Base


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
    """Digests of a project's people in a block and where their events are, in buckets.

    A block's lie together, so that it is thrown away at once.
    """

    __tablename__ = "block_people"
    __table_args__ = ({"sqlite_with_rowid": False},)

    first_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class BlockDay(Base):
    """Of a project's events in blocks how many people and events there are in the 24 hours from
    each quarter of an hour of a UTC day on; ``day`` counts from 1970; see ``store.blocks.days``.
    """

    __tablename__ = "block_days"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    people: Mapped[bytes] = mapped_column(LargeBinary)
    events: Mapped[bytes] = mapped_column(LargeBinary)


class BlockNumber(Base):
    """The number by which blocks know a person of a project; see ``store.blocks.numbers``."""

    __tablename__ = "block_numbers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    distinct_id: Mapped[str] = mapped_column(text(200), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
