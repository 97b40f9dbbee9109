"""SQLAlchemy's engines over the SQLite file: for reading, and for the catalog."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from djangalytics_server.store.sqlite_file import CONNECT, set_up, sqlite_path

WRITE = "djangalytics_write"
"""Execution option of a connection whose transactions take the write lock at once."""


def sqlite_url(url: str) -> URL:
    """The same as SQLAlchemy has it, which would read % and ? in a path as something else."""
    return URL.create("sqlite", database=str(sqlite_path(url)))


def sqlite_engine(url: str) -> Engine:
    """An engine whose connections are set up for WAL, and begin transactions explicitly."""
    engine = create_engine(sqlite_url(url), connect_args=CONNECT, pool_size=20)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def prepare(engine: Engine) -> None:
    """Make an existing engine (the catalog's) behave as ``sqlite_engine`` does."""
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: Any, _record: object) -> None:
    set_up(connection)


def _on_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
