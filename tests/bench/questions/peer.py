"""The same questions in DuckDB, if it is installed."""

from __future__ import annotations

import importlib.util
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

COLUMNS = "event_name, timestamp, distinct_id, session_id, source, properties"


def opened(file: Path) -> Callable[[str], Callable[[], object]] | None:
    """What makes an asker of a statement over the events of a SQLite file; None without DuckDB."""
    if importlib.util.find_spec("duckdb") is None:
        return None
    import duckdb

    connection: Any = duckdb.connect()
    connection.execute("SET threads = 2")
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "events.csv"
        _write(file, text)
        connection.execute(
            "CREATE TABLE events AS SELECT * REPLACE (properties::JSON AS properties)"
            f" FROM read_csv('{text}', header = true, quote = '\"', escape = '\"',"
            " all_varchar = false)"
        )
    connection.execute("SELECT count(*) FROM events")

    def asker(sql: str) -> Callable[[], object]:
        return lambda: connection.execute(sql).fetchall()

    return asker


def _write(file: Path, text: Path) -> None:
    import csv

    with sqlite3.connect(file) as connection, text.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS.split(", "))
        writer.writerows(connection.execute(f"SELECT {COLUMNS} FROM events"))
    connection.close()
