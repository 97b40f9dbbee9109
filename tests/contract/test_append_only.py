"""The audit trail takes new lines and nothing else, whatever statement comes: on every engine."""

from __future__ import annotations

import pytest

from djangalytics_server.store.base import Store
from tests.contract.engines import Engine, PostgresEngine

LINE = (
    "INSERT INTO audit_log (id, at, actor, action, subject, details)"
    " VALUES (1, 5, 'Owner', 'key.create', 'a key', '{}')"
)
REFUSED = [
    "UPDATE audit_log SET actor = 'Somebody else'",
    "UPDATE audit_log SET at = 6 WHERE id = 1",
    "DELETE FROM audit_log",
    "DELETE FROM audit_log WHERE id = 1",
]


def test_lines_of_the_trail_stay_as_they_are(store: Store, engine: Engine) -> None:
    """The database itself refuses to change, replace or remove a line."""
    engine.sql(LINE)
    postgres = isinstance(engine, PostgresEngine)
    engines_own = "TRUNCATE audit_log" if postgres else LINE.replace("INSERT", "REPLACE", 1)
    for statement in [*REFUSED, engines_own]:
        with pytest.raises(Exception, match="append-only"):
            engine.sql(statement)
    assert [(1, 5, "Owner")] == engine.sql("SELECT id, at, actor FROM audit_log")
