"""A person is erased: no event of theirs is left, nor counted, nor comes back, on every engine."""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest
import sqlalchemy

from djangalytics_server.model.erasure import Erased
from djangalytics_server.model.event import Event, Submission
from djangalytics_server.store import erasing, rollups
from djangalytics_server.store.base import Store
from tests.contract.engines import Engine, SqliteEngine
from tests.contract.making import NOW, SECOND, event, refused, send
from tests.contract.test_store_recount import wrong

HOUR = 3_600 * SECOND
COUNTS = ("event_counts", "event_definitions", "property_definitions")
VALUES = ('"pro"', "1", "2.5", "true", "null", "[1]", "{}")


def v7(number: int) -> str:
    """An insert id that grows with time."""
    return f"{NOW // 1_000 + number:012x}"[:8] + f"-{number:04x}-7000-8000-{number:012x}"


def crowd(seed: int, count: int = 60) -> list[Event]:
    """Events of four people in two projects: three names, properties of every type, three days."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        fields = chance.sample("abcd", chance.randrange(4))
        properties = ", ".join(f'"{field}": {chance.choice(VALUES)}' for field in fields)
        made.append(
            event(
                v7(number) if chance.random() < 0.5 else f"random-{number}",
                chance.choice(["signup", "buy", "look"]),
                NOW - chance.randrange(72) * HOUR,
                project_id=chance.choice([1, 1, 1, 2]),
                received_at=NOW + chance.randrange(3) * 24 * HOUR,
                distinct_id=chance.choice(["ada", "bob", "eve", None]),
                properties=f"{{{properties}}}",
            )
        )
    return made


def counted(engine: Engine) -> dict[str, set[Any]]:
    """Every count that is made from events."""
    found = {table: set(engine.sql(f"SELECT * FROM {table}")) for table in COUNTS}
    accepted = "SELECT project_id, day, count FROM verdict_counts WHERE verdict = 'accepted'"
    return {**found, "accepted": set(engine.sql(accepted))}


def left(engine: Engine) -> set[Any]:
    """The events, without their numbers."""
    return set(engine.sql("SELECT project_id, insert_id, properties, distinct_id FROM events"))


@pytest.mark.parametrize("step", [3, 5_000])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_as_if_they_had_never_been_there(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, seed: int, step: int
) -> None:
    """Events and counts are those of a store that was never sent the person's events."""
    monkeypatch.setattr(erasing, "STEP", step)
    sent = crowd(seed)
    others = [e for e in sent if (e.project_id, e.distinct_id) != (1, "ada")]
    with engine.fresh() as store:
        for one in others:
            store.append([Submission(one.project_id, one.received_at, (one,))])
        expected = left(engine), counted(engine)
    with engine.fresh() as store:
        for one in sent:
            store.append([Submission(one.project_id, one.received_at, (one,))])
        assert Erased(len(sent) - len(others), 0) == store.erase(1, "ada")
        assert expected == (left(engine), counted(engine))
        assert {} == wrong(store.recount())
        assert Erased(0, 0) == store.erase(1, "ada")


def test_what_was_erased_does_not_come_back(store: Store, engine: Engine) -> None:
    """A batch that is sent once more is known, whatever its insert ids; new events are taken."""
    ids = [v7(1), v7(2), "order-7", "zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz"]
    batch = [event(i, distinct_id="ada") for i in ids]
    before = [entry.event_id for entry in send(store, *batch).stored]
    store.erase(1, "ada")
    again = send(store, *batch, *batch, event(v7(3), distinct_id="ada"))
    assert [*before, *before] == [entry.event_id for entry in again.stored[:-1]]
    assert (1, 2 * len(ids)) == (again.accepted, again.duplicates)
    assert again.stored[-1].event_id > max(before)
    assert 1 == engine.sql("SELECT count(*) FROM events")[0][0]
    assert {} == wrong(store.recount())
    assert 1 == send(store, event("order-7", project_id=2)).accepted


def test_another_process_keeps_it_away_too(engine: Engine) -> None:
    """What one process erased, another that was running before does not take again."""
    with engine.fresh() as one, engine.again() as other:
        send(other, event("x", distinct_id="ada"))
        one.erase(1, "ada")
        assert 1 == send(other, event("x", distinct_id="ada")).duplicates


def test_refused_events_go_too(store: Store, engine: Engine) -> None:
    """Those that name the person go; the count of refusals, which names nobody, stays."""
    raws = [
        '{"distinct_id": "ada", "event_name": ""}',
        '{"user_id": "\\u0061da"}',
        '{"distinct_id": "bob", "properties": {"a": "ada"}}',
        '"ada"',
        "[1]",
    ]
    send(store, refused=[refused(raw=raw) for raw in raws])
    send(store, refused=[refused(raw=raws[0], project_id=2)])
    assert Erased(0, 2) == store.erase(1, "ada")
    assert sorted([raws[0], *raws[2:]]) == sorted(
        raw for (raw,) in engine.sql("SELECT raw FROM rejected_events")
    )
    assert 5 == store.verdicts(1).rejected


def test_events_that_arrive_meanwhile_go_or_count(
    store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading and removing others send, and the person does: all of it ends true."""
    rare = {"distinct_id": "ada", "properties": '{"rare": 1}'}
    send(store, event("a", at=NOW, **rare), event("b", at=NOW + HOUR))
    prepare = erasing.prepare

    def meanwhile(*given: Any) -> Any:
        ready = prepare(*given)
        monkeypatch.setattr(erasing, "prepare", prepare)
        send(store, event("c", at=NOW - HOUR, properties='{"rare": 2}'))
        send(store, event("d", at=NOW + 9 * HOUR, **rare))
        return ready

    monkeypatch.setattr(erasing, "prepare", meanwhile)
    assert Erased(2, 0) == store.erase(1, "ada")
    assert [("b",), ("c",)] == sorted(engine.sql("SELECT insert_id FROM events"))
    assert {} == wrong(store.recount())


def test_what_came_meanwhile_is_looked_for_by_its_number(sqlite: SqliteEngine) -> None:
    """Who waits until the erasure has written does not wait for a look at all events."""
    said: list[tuple[str, Any]] = []

    def note(_: object, cursor: object, statement: str, values: Any, *more: object) -> None:
        said.append((statement, values))

    with sqlite.fresh() as store:
        send(store, *(event(f"{n}", distinct_id="ada", properties='{"n": 1}') for n in range(9)))
        sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
        try:
            store.erase(1, "ada")
        finally:
            sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)
    writing = said[[statement for statement, _ in said].index("BEGIN IMMEDIATE") :]
    looks = [look for look in writing if " events.id > " in look[0]]
    connection = sqlite3.connect(sqlite.path)
    plans = [connection.execute(f"EXPLAIN QUERY PLAN {sql}", of).fetchone()[3] for sql, of in looks]
    connection.close()
    assert ["SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"] * 2 == plans


def test_two_removals_at_once_agree(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other removed in between is neither counted off twice nor taken for what is left."""
    prepare = erasing.prepare
    with engine.fresh() as one, engine.again() as other:
        for number, who in enumerate(["ada", "bob", "ada", "eve", "bob"]):
            when = NOW + number * HOUR
            send(one, event(f"{number}", at=when, distinct_id=who, properties='{"p": 1}'))

        def meanwhile(*given: Any) -> Any:
            ready = prepare(*given)
            monkeypatch.setattr(erasing, "prepare", prepare)
            other.erase(1, "bob")
            other.erase(1, "ada")
            return ready

        monkeypatch.setattr(erasing, "prepare", meanwhile)
        assert Erased(0, 0) == one.erase(1, "ada")
        assert [("eve",)] == engine.sql("SELECT distinct_id FROM events")
        assert {} == wrong(one.recount())


def test_a_project_full_of_properties_stays_true(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had no room before is counted from its beginning once there is room."""
    monkeypatch.setattr(rollups, "MOST_PROPERTIES", 2)
    send(store, event("1", distinct_id="ada", properties='{"a": 1}'))
    send(store, event("2", properties='{"b": 1}'))
    send(store, event("3", properties='{"c": 1}'))
    store.erase(1, "ada")
    send(store, event("4", properties='{"c": 2}'))
    assert {} == wrong(store.recount())
    [seen] = store.definitions(1, (), 9)
    assert {"b": 1, "c": 2} == {field.name: field.count for field in seen.properties}


def test_progress_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each transaction, up to the end."""
    monkeypatch.setattr(erasing, "STEP", 2)
    send(store, *(event(f"{n}", distinct_id="ada") for n in range(5)))
    told: list[tuple[int, int]] = []
    store.erase(1, "ada", lambda done, of: told.append((done, of)))
    assert [(1, 3), (2, 3), (3, 3)] == told


def test_no_row_of_the_file_has_them(sqlite: SqliteEngine) -> None:
    """Nothing in any table or index bears the person's id or words: a rewritten file is clean."""
    with sqlite.fresh() as store:
        for number in range(300):
            who = "ada@example.com" if number % 3 else "bob"
            text = f'{{"address": "{who} lives in Elm Street {number}"}}'
            send(store, event(f"{who}-{number}", distinct_id=who, properties=text))
        send(store, refused=[refused(raw='{"distinct_id": "ada@example.com"}')])
        store.erase(1, "ada@example.com")
    connection = sqlite3.connect(sqlite.path, isolation_level=None)
    connection.execute("VACUUM INTO ?", (str(sqlite.path) + ".whole",))
    connection.close()
    content = sqlite.path.with_name(sqlite.path.name + ".whole").read_bytes()
    assert b"bob lives in" in content
    assert b"ada@" not in content
