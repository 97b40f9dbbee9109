"""The unique index keeps only the insert ids that grow with time; digests find the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text
from djangalytics_server.store.random_ids import RandomIds

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_UNIQUE = "uq_events_project_id_insert_id"
_TIME_ORDERED = (
    "length(insert_id) = 36 AND substr(insert_id, 15, 1) = '7' AND substr(insert_id, 9, 1) = '-'"
)
_COLUMNS = (
    "id, project_id, insert_id, event_name, timestamp, received_at, distinct_id, session_id,"
    " source, properties, original_timestamp"
)
_INDEXES = {
    "ix_events_project_id_timestamp": ["project_id", "timestamp"],
    "ix_events_project_id_event_name_timestamp": ["project_id", "event_name", "timestamp"],
}


def upgrade() -> None:
    """Make the tables; on SQLite lay the events down anew, without the constraint."""
    op.create_table(
        "insert_keys",
        sa.Column("key", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "marks",
        sa.Column("name", text(40), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        _lay_down_anew()
        RandomIds().catch_up(op.get_bind())
    else:
        op.drop_constraint(_UNIQUE, "events", type_="unique")
        op.create_index(_UNIQUE, "events", ["project_id", "insert_id"], unique=True)


def _lay_down_anew() -> None:
    """SQLite cannot drop a constraint: a new table takes the rows, and its place."""
    for name in _INDEXES:
        op.drop_index(name, "events")
    op.rename_table("events", "events_before")
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("insert_id", sa.String(100), nullable=False),
        sa.Column("event_name", sa.String(100), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("distinct_id", sa.String(200)),
        sa.Column("session_id", sa.String(200)),
        sa.Column("source", sa.String(200)),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("original_timestamp", sa.BigInteger()),
        sqlite_autoincrement=True,
    )
    op.execute(f"INSERT INTO events ({_COLUMNS}) SELECT {_COLUMNS} FROM events_before ORDER BY id")  # noqa: S608 - constants
    op.execute(
        "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence"
        " WHERE name = 'events_before') WHERE name = 'events'"
    )
    op.drop_table("events_before")
    for name, columns in _INDEXES.items():
        op.create_index(name, "events", columns)
    op.create_index(
        _UNIQUE,
        "events",
        ["project_id", "insert_id"],
        unique=True,
        sqlite_where=sa.text(_TIME_ORDERED),
    )
