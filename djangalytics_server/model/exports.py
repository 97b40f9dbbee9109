"""The forms in which events and answers leave as files."""

from __future__ import annotations

from typing import Literal, get_args

Form = Literal["csv", "json", "ndjson", "parquet"]
FORMS: tuple[Form, ...] = get_args(Form)
COLUMNS = (
    "event_name",
    "timestamp",
    "insert_id",
    "distinct_id",
    "session_id",
    "source",
    "properties",
    "received_at",
)
"""Of an exported event, in their order."""
