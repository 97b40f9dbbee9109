"""Bring a PostgreSQL database to the schema this version speaks, in one transaction.

Other tables in the database are nobody's business here; tables that bear our names and are not
ours are. Backups are the server's own affair: nothing is copied before an upgrade, which either
happens as a whole or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from djangalytics_server.errors import StartError
from djangalytics_server.store.postgres import postgres_engine
from djangalytics_server.store.postgres_address import place, unreachable
from djangalytics_server.store.revision import HEAD
from djangalytics_server.store.schema import make_tables
from djangalytics_server.store.tables import Base
from djangalytics_server.store.upgrade import migrations

PREPARING = 7_236_701_002
"""The advisory lock of whoever makes or upgrades the schema."""

_OURS = ("projects", "events", "event_counts")  # since the first schema
_VERSION = "alembic_version"
_log = logging.getLogger(__name__)


def ensure(url: str, furnish: Callable[[Connection], None]) -> bool:
    """Create or upgrade our tables in the database at ``url``; True when they were created.

    As ``schema.ensure_schema``, which also says what ``furnish`` is. Raises StartError for a
    database that cannot be reached or used, and for tables that are not ours or are newer.
    """
    with _opened(url) as connection:
        _check_server(connection, url)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({PREPARING})")
        revision = _revision(connection, url)
        if revision is None:
            make_tables(connection)
            furnish(connection)
            return True
        if revision > HEAD:
            raise StartError(
                f"{place(url)} was written by a newer Djangalytics (schema {revision}, this "
                f"version knows {HEAD}). Upgrade with: "
                "pip install --upgrade 'djangalytics[server,postgres]'"
            )
        if revision < HEAD:
            _upgrade(connection, url, revision)
        return False


def is_present(url: str) -> bool:
    """Whether the database has our tables; raises StartError when it cannot be reached."""
    with _opened(url) as connection:
        return _revision(connection, url) is not None


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    """A transaction on a connection of its own; what goes wrong in it is one sentence."""
    engine = postgres_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise unreachable(url, error) from error
    finally:
        engine.dispose()


def _check_server(connection: Connection, url: str) -> None:
    """Refuse a database that cannot hold every text; warn of one that can lose commits."""
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise StartError(
            f"The database {place(url)} is encoded in {encoding}, but events are in every "
            "language. Make one in UTF-8: createdb --encoding UTF8 --template template0 NAME"
        )
    for setting in ("fsync", "full_page_writes"):
        if connection.exec_driver_sql(f"SHOW {setting}").scalar_one() == "off":
            _log.warning(
                "this PostgreSQL runs with %s = off: a power cut can lose events that were "
                "acknowledged, or the whole database",
                setting,
            )


def _revision(connection: Connection, url: str) -> str | None:
    """The revision of our tables; None when there are none yet. Refuses those of others."""
    there = set(
        connection.exec_driver_sql(
            "SELECT relname FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')"
            " AND relnamespace ="
            " (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())"
        ).scalars()
    )
    named = there & {_VERSION, *Base.metadata.tables}
    if not named:
        return None
    version = None
    if _VERSION in there:
        rows = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION}")  # noqa: S608 - of constants
        version = next(iter(rows.scalars()), None)
    if version is None or not version.isdecimal() or not there.issuperset(_OURS):
        names = ", ".join(sorted(named)[:3]) + ("" if len(named) <= 3 else ", …")
        raise StartError(
            f"The database {place(url)} has tables of another program under names we need "
            f"({names}). Give Djangalytics a database of its own: createdb NAME"
        )
    return str(version)


def _upgrade(connection: Connection, url: str, revision: str) -> None:
    """Run the migrations that are lacking, in the transaction that holds the lock."""
    from alembic import command

    config = migrations()
    config.attributes["connection"] = connection
    _log.warning("upgrading %s from schema %s to %s", place(url), revision, HEAD)
    command.upgrade(config, "head")
