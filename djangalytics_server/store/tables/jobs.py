"""The tables of work in the background: how far it has come, and what was sent of late."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import Mapped, mapped_column

from djangalytics_server.store.columns import text
from djangalytics_server.store.tables.base import Base


class Mark(Base):
    """How far work in the background has come, by the name of the work."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(text(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


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
