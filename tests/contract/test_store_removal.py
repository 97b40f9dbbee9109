"""A project that is deleted leaves nothing behind, and takes nothing of others with it."""

from __future__ import annotations

import pytest

from djangalytics_server.model.delivery import Numbering
from djangalytics_server.model.event import Submission
from djangalytics_server.store import random_ids, removal
from djangalytics_server.store.base import Store
from djangalytics_server.store.tables import Base
from tests.contract.engines import Engine, SqliteEngine
from tests.contract.making import NOW, event, refused, send

TABLES = [name for name, table in Base.metadata.tables.items() if "project_id" in table.columns]
"""Every table with things of projects, those to come too."""
APART = {"api_keys", "audit_log"}
"""Keys go in the catalog's transaction; the trail of what was done stays for ever."""


EXPIRED = (
    *(
        f"INSERT INTO erased_keys (project_id, key, event_id) VALUES (2, {key}, {key})"
        for key in range(-4, 5)
    ),
    "INSERT INTO erased_keys (project_id, key, event_id) VALUES (1, 7, 7)",
    "INSERT INTO cohorts (project_id, name, definition, created_at, created_by)"
    " VALUES (2, 'x', '{}', 0, 'x')",
    "INSERT INTO retention (project_id, days) VALUES (2, 30)",
    "INSERT INTO sending_counts"
    " (bucket, project_id, key_prefix, requests, events, refused_key, refused_address)"
    " VALUES (0, 2, 'x', 0, 0, 0, 0)",
    "INSERT INTO erasures"
    " (project_id, subject, asked_by, asked_at, claimed_until, events, rejected)"
    " VALUES (2, 'x', 'x', 0, 0, 0, 0)",
    "INSERT INTO retention_runs (project_id, days, began_at, claimed_until, gone)"
    " VALUES (2, 30, 0, 0, 1)",
    "INSERT INTO expired_counts (project_id, bucket, event_name, count) VALUES (2, 0, 'x', 1)",
    "INSERT INTO expired_definitions"
    " (project_id, event_name, property, type, count, first_seen, last_seen)"
    " VALUES (2, 'x', 'plan', 'text', 1, 0, 0)",
    "INSERT INTO expired_days (project_id, day, count) VALUES (2, 0, 1)",
    *(
        "INSERT INTO block_numbers (project_id, distinct_id, number)"
        f" VALUES (2, 'person {number}', {number})"
        for number in range(1, 10)
    ),
    "INSERT INTO block_projects (project_id, first_id, low, high, partial, times)"
    " VALUES (2, -9, 0, 0, false, '')",
    "INSERT INTO block_columns (project_id, name, first_id, data) VALUES (2, 'x', -9, '')",
    "INSERT INTO block_people (project_id, bucket, first_id, data) VALUES (2, 0, -9, '')",
    "INSERT INTO block_days (project_id, day, people, events) VALUES (2, 0, '', '')",
)
"""What project 2 keeps of events that it kept no longer."""


def fill(store: Store, project_id: int, events: int) -> None:
    """Events with ids that grow and ids that do not, refusals, numbers of a producer."""
    kinds = ("01890a5d-ac96-774b-bcce-{:012}", "random-{}")
    rows = tuple(
        event(kinds[number % 2].format(number), project_id=project_id, properties='{"plan":"pro"}')
        for number in range(events)
    )
    numbering = Numbering("run", "host", "process", NOW, tracked=events, arrived=((1, events),))
    refusals = (refused(project_id=project_id),)
    store.append([Submission(project_id, NOW, rows, refusals, numbering)])


def left(engine: Engine, project_id: int) -> dict[str, int]:
    """How many rows each table has of a project."""
    count = "SELECT count(*) FROM {} WHERE project_id = {}"
    return {
        table: engine.sql(count.format(table, project_id))[0][0]
        for table in TABLES
        if table not in APART
    }


def test_everything_of_the_project_goes(
    engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Portion by portion, and what is others' stays as it was and true."""
    monkeypatch.setattr(removal, "PORTION", 7)
    fill(store, 1, 20)
    fill(store, 2, 20)
    for statement in EXPIRED:
        engine.sql(statement)
    before = left(engine, 1)
    assert all(left(engine, 2).values()), left(engine, 2)
    monkeypatch.setattr(removal, "_DIGESTS", 3)
    assert [7, 7, 6, 0] == [store.remove(2) for _ in range(4)]
    assert set(left(engine, 2).values()) == {0}
    assert before == left(engine, 1)
    assert all(not table.wrong for table in store.recount())
    assert 0 == store.remove(3)


def test_no_digest_of_its_insert_ids_stays(
    sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of those that were in the sorted table, nor of those in memory at the next pass."""
    monkeypatch.setattr(random_ids, "FLUSH_AT", 10)
    with sqlite.fresh() as store:
        fill(store, 2, 16)  # past the first pass
        assert 8 == sqlite.sql("SELECT count(*) FROM insert_keys")[0][0]
        send(store, event("random-late", project_id=2))
        assert 17 == store.remove(2)
        assert 0 == sqlite.sql("SELECT count(*) FROM insert_keys")[0][0]
        fill(store, 1, 16)
        kept = sqlite.sql("SELECT event_id FROM insert_keys")
        present = sqlite.sql("SELECT id FROM events WHERE insert_id LIKE 'random-%'")
        assert sorted(kept) == sorted(present)


def test_its_bytes_are_gone_from_the_file(sqlite: SqliteEngine) -> None:
    """Pages that are free afterwards are overwritten, not only let go of."""
    secret = "a-secret-that-nobody-may-find"
    with sqlite.fresh() as store:
        send(store, event("x", project_id=2, properties=f'{{"note":"{secret}"}}'))
        send(store, event("y"))
        assert 1 == store.remove(2)
    assert secret.encode() not in sqlite.path.read_bytes()
