"""PostgreSQL: how its sessions are set up, and reading; ``postgres_journal`` appends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from djangalytics_server.model.sql import SqlAnswer, SqlQuestion
from djangalytics_server.store.failures import timed_out
from djangalytics_server.store.postgres_address import address
from djangalytics_server.store.stopping import Stop

APPENDING = 7_236_701_001
"""The advisory lock of whoever appends."""

ENGINE_OPTIONS: dict[str, Any] = {
    "pool_size": 5,
    "max_overflow": 15,
    "pool_pre_ping": True,  # a connection that died while nobody used it costs no request
    "connect_args": {"connect_timeout": 10, "client_encoding": "utf8"},
}
"""How both engines of a process, the store's and the catalog's, keep their connections."""

LOCK_SECONDS = 30
_CANCELED = "57014"
"""PostgreSQL's word for a statement that ran into its timeout."""

_DURABLE = (
    "set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, {local})"
)
# What was committed while an append waited for its turn must show in it, whatever the database's
# own setting; and who vanishes in the middle of a transaction must not keep the lock for hours.
_SESSION = (
    f"SELECT {_DURABLE.format(local='false')}, set_config('lock_timeout', '{{lock}}s', false),"
    " set_config('default_transaction_isolation', 'read committed', false),"
    " set_config('idle_in_transaction_session_timeout', '60s', false)"
)
BEGIN = f"SELECT pg_advisory_xact_lock({APPENDING}), {_DURABLE.format(local='true')}"
"""The first statement of whoever writes events: it waits for its turn, and asks for durability once
more, because a pool between us and the server may mix sessions up."""


def postgres_engine(url: str) -> Engine:
    """An engine whose sessions keep the store's rules on durability."""
    engine = create_engine(address(url), **ENGINE_OPTIONS)
    prepare(engine)
    return engine


def prepare(engine: Engine) -> None:
    """Make an existing engine (the catalog's) behave as ``postgres_engine`` does."""
    event.listen(engine, "connect", _on_connect)


def _on_connect(connection: Any, _record: object) -> None:
    connection.execute(_SESSION.format(lock=LOCK_SECONDS))
    connection.commit()


class PostgresDatabase:
    """One database; see ``reader.Database``."""

    def __init__(self, url: str) -> None:
        self._engine = postgres_engine(url)
        self._reader = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See ``Database.reading``; the first read fixes what all of them see."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def limited(self, connection: Connection, seconds: float, stop: Stop) -> Iterator[None]:
        """See ``Database.limited``; the setting ends with the transaction."""
        limit = f"{max(1, round(seconds * 1_000))}ms"
        connection.exec_driver_sql("SELECT set_config('statement_timeout', %s, true)", (limit,))
        driver: Any = connection.connection.driver_connection
        try:
            with stop.by(driver.cancel):
                yield
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _CANCELED:
                raise timed_out() from error
            raise

    def sql(self, question: SqlQuestion, seconds: float, stop: Stop) -> SqlAnswer:
        """See ``Database.sql``."""
        from djangalytics_server.store.sql import on_postgres  # its parser is not for every start

        return on_postgres.answer(self._engine, question, seconds, stop)

    def make_room(self, gone: Callable[[], bool]) -> None:
        """See ``Database.make_room``: PostgreSQL tidies up beside its readers."""

    @contextmanager
    def mending(self) -> Iterator[Connection]:
        """See ``Database.mending``."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(BEGIN)
            yield connection

    def close(self) -> None:
        """See ``Database.close``."""
        self._engine.dispose()
