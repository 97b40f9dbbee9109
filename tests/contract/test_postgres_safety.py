"""What PostgreSQL alone has to keep: ids in commit order, and connections that go away."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from djangalytics_server.errors import StoreUnavailable
from djangalytics_server.model.query import EventPage
from djangalytics_server.store import postgres as engine_of_postgres
from djangalytics_server.store.base import Store
from djangalytics_server.store.opening import open_store
from djangalytics_server.store.postgres import APPENDING, PostgresDatabase
from tests import postgres
from tests.contract.engines import PostgresEngine
from tests.contract.making import event, refused, send
from tests.contract.test_store_safety import trace

GATE = 4_711
_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@contextlib.contextmanager
def gate(engine: PostgresEngine, insert_id: str) -> Iterator[None]:
    """Whoever inserts this event stops in the middle of it until the block ends."""
    engine.sql(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NULL; END $$"
    )
    engine.sql(
        "CREATE TRIGGER wait AFTER INSERT ON events FOR EACH ROW"
        f" WHEN (NEW.insert_id = '{insert_id}') EXECUTE FUNCTION wait()"
    )
    holder = psycopg.connect(engine.url.replace("+psycopg", ""), autocommit=True)
    with holder:
        holder.execute(f"SELECT pg_advisory_lock({GATE})")
        yield


def until(condition: Callable[[], bool]) -> None:
    """Ask until it is so; whoever never gets there is ended by the suite's time limit."""
    while not condition():
        pass


def waiting(engine: PostgresEngine) -> int:
    """How many sessions are waiting for a lock of ours or for the gate."""
    return int(engine.sql(_WAITING)[0][0])


def following(store: Store, last: int) -> list[tuple[int, str]]:
    """What a reader that has seen ``last`` finds next, oldest first."""
    return [(e.id, e.insert_id) for e in store.newest(EventPage(1, limit=1_000, after=last))][::-1]


def test_a_slow_commit_is_not_overtaken(postgresql: PostgresEngine) -> None:
    """An append that has its id and is not committed keeps the next one waiting, so whoever
    follows by id meets every event.
    """
    with (
        postgresql.fresh() as first,
        postgresql.again() as second,
        ThreadPoolExecutor(2) as threads,
    ):
        with gate(postgresql, "slow"):
            slow = threads.submit(send, first, event("slow"))
            until(lambda: waiting(postgresql) == 1)
            quick = threads.submit(send, second, event("quick"))
            until(lambda: waiting(postgresql) == 2 or quick.done())
            seen = following(second, 0)
        assert [1, 1] == [slow.result().accepted, quick.result().accepted]
        last = seen[-1][0] if seen else 0
        assert ["slow", "quick"] == [name for _, name in seen + following(second, last)]


def test_an_append_that_waited_sees_what_came_before_it(postgresql: PostgresEngine) -> None:
    """The same event from two stores at once is accepted once and a duplicate once, even where
    transactions are set to see nothing that was committed after they began.
    """
    with postgresql.fresh():
        pass
    postgresql.sql(
        f"ALTER DATABASE {postgresql.database} SET default_transaction_isolation = 'serializable'"
    )
    with (
        postgresql.again() as first,
        postgresql.again() as second,
        ThreadPoolExecutor(2) as threads,
    ):
        with gate(postgresql, "slow"):
            slow = threads.submit(send, first, event("slow"))
            until(lambda: waiting(postgresql) == 1)
            again = threads.submit(send, second, event("slow"))
            until(lambda: waiting(postgresql) == 2 or again.done())
        assert ["accepted", "duplicate"] == [
            future.result().stored[0].status for future in (slow, again)
        ]


def test_a_connection_that_died_in_its_sleep_costs_nothing(postgresql: PostgresEngine) -> None:
    """When the server ended every idle session, the next append and question go through."""
    with postgresql.fresh() as store:
        send(store, event("before"))
        assert 1 == store.verdicts(1).accepted
        ended = postgresql.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert ended
        assert 1 == send(store, event("after")).accepted
        assert 2 == store.verdicts(1).accepted


def test_a_connection_lost_in_the_middle_leaves_nothing(postgresql: PostgresEngine) -> None:
    """The append is unavailable, no table shows it, and the next one has a new connection."""
    with postgresql.fresh() as store, ThreadPoolExecutor(1) as threads:
        send(store, event("before"), refused=[refused()])
        before = trace(postgresql)
        with gate(postgresql, "lost"):
            lost = threads.submit(send, store, event("lost"), event("with it"))
            until(lambda: waiting(postgresql) == 1)
            postgresql.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND NOT granted"
            )
            with pytest.raises(StoreUnavailable) as caught:
                lost.result()
        assert caught.value.retry_after is not None
        assert before == trace(postgresql)
        assert 2 == send(store, event("lost"), event("with it")).accepted


def test_a_restarted_server_is_found_again() -> None:
    """While PostgreSQL is down nothing is stored; once it is back the same store goes on."""
    with postgres.running() as server:
        engine = PostgresEngine(server, "restart")
        with engine.fresh() as store:
            send(store, event("before"))
            server.restart(meanwhile=lambda: _unavailable(store))
            assert ["duplicate", "accepted"] == [
                entry.status for entry in send(store, event("before"), event("after")).stored
            ]


def _unavailable(store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        send(store, event("after"))
    with pytest.raises(StoreUnavailable):
        store.ping()


def test_a_commit_that_fails_at_the_last_moment_is_told_as_open(postgresql: PostgresEngine) -> None:
    """A session that ends within COMMIT stored nothing; the words allow for both, and the resend
    is accepted.
    """
    with postgresql.fresh() as store:
        postgresql.sql(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        )
        postgresql.sql(
            "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION die()"
        )
        with pytest.raises(StoreUnavailable, match="sending the same ones again is safe"):
            send(store, event("a"))
        postgresql.sql("DROP TRIGGER die ON events")
        assert 1 == send(store, event("a")).accepted


class Wire:
    """A line to the server that may be cut after the server has committed, before it is heard."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cut = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                threading.Thread(target=self._carry, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with server, client, contextlib.suppress(OSError):
            while data := server.recv(65_536):
                if b"COMMIT\0" in data and self.cut.is_set():
                    break
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()


def test_a_commit_that_is_not_heard_of_is_recognised_when_it_comes_again(
    postgresql: PostgresEngine,
) -> None:
    """The line is cut between COMMIT and its answer: unavailable, yet stored, so the resend is a
    duplicate and nothing is counted twice.
    """
    with postgresql.fresh():
        pass
    wire = Wire(postgresql.server.port)
    address = postgresql.server.url(postgresql.database)
    store = open_store(address.replace(f":{wire.port}/", f":{wire.address}/"))
    with contextlib.closing(wire), contextlib.closing(store):
        send(store, event("before"))
        wire.cut.set()
        with pytest.raises(StoreUnavailable, match="may be stored"):
            send(store, event("a"), event("b"))
        wire.cut.clear()
        receipt = send(store, event("a"), event("b"), event("c"))
        assert ["duplicate", "duplicate", "accepted"] == [e.status for e in receipt.stored]
        assert (4, 2) == (store.verdicts(1).accepted, store.verdicts(1).duplicates)


@pytest.mark.parametrize(("asked", "used"), [("off", "on"), ("on", "on"), ("local", "local")])
def test_every_append_waits_for_the_disk(postgresql: PostgresEngine, asked: str, used: str) -> None:
    """A server that is set to acknowledge before it has synced does not do so for us."""
    with postgresql.fresh():
        pass
    postgresql.sql(f"ALTER DATABASE {postgresql.database} SET synchronous_commit = {asked}")
    postgresql.sql("CREATE TABLE used (setting text)")
    postgresql.sql(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO used"
        " VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$"
    )
    postgresql.sql(
        "CREATE TRIGGER note AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION note()"
    )
    with postgresql.again() as store:
        send(store, event("a"))
    assert [(used,)] == postgresql.sql("SELECT setting FROM used")


def test_a_lock_held_for_too_long_fails_the_append_whole(
    postgresql: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody else writes for longer than we wait nothing is stored; afterwards it is."""
    monkeypatch.setattr(engine_of_postgres, "LOCK_SECONDS", 0.05)
    with postgresql.fresh() as store:
        send(store, event("before"))
        before = trace(postgresql)
        with psycopg.connect(postgresql.url.replace("+psycopg", "")) as holder:
            holder.execute(f"SELECT pg_advisory_xact_lock({APPENDING})")
            with pytest.raises(StoreUnavailable):
                send(store, event("during"))
        assert before == trace(postgresql)
        assert "accepted" == send(store, event("during")).stored[0].status


def test_a_question_sees_one_moment(postgresql: PostgresEngine) -> None:
    """What is appended while a question is being read does not show in the rest of its answer."""
    with postgresql.fresh() as store:
        database = PostgresDatabase(postgresql.url)
        with contextlib.closing(database), database.reading() as connection:
            count = "SELECT count(*) FROM events"
            assert 0 == connection.exec_driver_sql(count).scalar_one()
            send(store, event("meanwhile"))
            assert 0 == connection.exec_driver_sql(count).scalar_one()


def test_ids_have_64_bits(postgresql: PostgresEngine) -> None:
    """Beyond two thousand million events the ids go on."""
    with postgresql.fresh() as store:
        postgresql.sql(f"SELECT setval('events_id_seq', {2**40})")
        assert 2**40 + 1 == send(store, event("a")).stored[0].event_id
        assert [2**40 + 1] == [e.id for e in store.newest(EventPage(1, before=2**41))]


def test_every_text_is_compared_by_its_code_points(postgresql: PostgresEngine) -> None:
    """No column of ours asks a language how to compare, whatever the database was made with."""
    with postgresql.fresh():
        pass
    found = postgresql.sql(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('text', 'character varying')"
        " AND table_name <> 'alembic_version'"
    )
    assert {"C"} == {collation for _, _, collation in found}
    assert ("events", "event_name", "C") in found
