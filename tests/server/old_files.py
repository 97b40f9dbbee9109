"""Database files of earlier revisions, made by the migrations that made them, with rows in them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from alembic import command

from djangalytics_server.config import DATABASE_FILE
from djangalytics_server.store import upgrade
from djangalytics_server.store.dialects import WRITE, sqlite_engine

SECOND = 1_000_000
FIRST = 1_790_000_000 * SECOND
PROPERTIES = (
    {"plan": "pro", "price": 1, "new": True},
    {"plan": None, "price": 2.5, "new": False, "tags": ["a", {"b": 1}]},
    {"plan": "free", "ünïcode 💶": {"deep": {"deeper": []}}, "": "no name"},
    {},
    {'quo"te': "x", "a.b": 1, "$.c": 2},
)
_TYPES = {
    str: "text", int: "number", float: "number", bool: "boolean",
    type(None): "null", list: "list", dict: "object",
}  # fmt: skip


def at_revision(folder: Path, revision: str) -> Path:
    """An empty file as the migrations up to ``revision`` make it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / DATABASE_FILE
    engine = sqlite_engine(f"sqlite:///{file}")
    try:
        with engine.execution_options(**{WRITE: True}).begin() as connection:
            config = upgrade.migrations()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()
    return file


def revision_1(folder: Path, events: int = 200) -> Path:
    """A file of the first revision in WAL mode: a project, events of two names, a refused one."""
    file = at_revision(folder, "0001")
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("INSERT INTO projects VALUES (1, 'My project', 'UTC', 1, 0)")
        connection.executemany(
            "INSERT INTO events (project_id, insert_id, event_name, timestamp, received_at,"
            " properties) VALUES (1, ?, ?, ?, ?, ?)",
            [_row(number) for number in range(events)],
        )
        connection.execute(
            "INSERT INTO rejected_events (project_id, received_at, code, raw)"
            " VALUES (1, ?, 'event_name_missing', '{}')",
            (FIRST,),
        )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    file.chmod(0o600)
    return file


def _row(number: int) -> tuple[Any, ...]:
    properties = PROPERTIES[number % len(PROPERTIES)]
    at = FIRST + (number * 7919 % 1_000) * SECOND
    name = "signup" if number % 3 else "page_view"
    text = json.dumps(properties, ensure_ascii=False)
    return (f"id-{number}", name, at, FIRST, text)


def recounted(file: Path) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """Both tables of definitions as they must be, counted from the events one by one."""
    times: dict[tuple[Any, ...], list[int]] = {}
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT project_id, event_name, timestamp, properties FROM events")
    for project, name, at, properties in rows:
        times.setdefault((project, name), []).append(at)
        for key, value in json.loads(properties).items():
            times.setdefault((project, name, key, _TYPES[type(value)]), []).append(at)
    connection.close()
    found = {(*key, len(at), min(at), max(at)) for key, at in times.items()}
    return {row for row in found if len(row) == 5}, {row for row in found if len(row) == 7}


def definitions(file: Path) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """Both tables of definitions as they stand."""
    connection = sqlite3.connect(file)
    try:
        tables = ("event_definitions", "property_definitions")
        events, properties = (connection.execute(f"SELECT * FROM {t}").fetchall() for t in tables)
    finally:
        connection.close()
    assert max(Counter(events).values(), default=1) == 1
    return set(events), set(properties)
