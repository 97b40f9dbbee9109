"""The first schema: projects, keys, people, events and their rollups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import BIG_ID, text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _access_tables()
    _event_tables()
    _rollup_tables()


def _access_tables() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", text(100), nullable=False),
        sa.Column("time_zone", text(64), nullable=False),
        sa.Column("open_capture", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", text(100), nullable=False),
        sa.Column("role", text(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("project_id", "api_keys", "projects"),
        sa.Column("kind", text(8), nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("prefix", text(12), nullable=False),
        sa.Column("hash", text(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    for table, times in (
        ("login_links", ("expires_at",)),
        ("sessions", ("created_at", "expires_at")),
    ):
        op.create_table(
            table,
            sa.Column("hash", text(64), primary_key=True),
            _reference("user_id", table, "users"),
            _reference("project_id", table, "projects"),
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in times),
        )


def _event_tables() -> None:
    op.create_table(
        "events",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("insert_id", text(100), nullable=False),
        sa.Column("event_name", text(100), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("distinct_id", text(200)),
        sa.Column("session_id", text(200)),
        sa.Column("source", text(200)),
        sa.Column("properties", text(), nullable=False),
        sa.Column("original_timestamp", sa.BigInteger()),
        sa.UniqueConstraint("project_id", "insert_id", name="uq_events_project_id_insert_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_project_id_timestamp", "events", ["project_id", "timestamp"])
    op.create_index(
        "ix_events_project_id_event_name_timestamp",
        "events",
        ["project_id", "event_name", "timestamp"],
    )
    op.create_table(
        "rejected_events",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("code", text(40), nullable=False),
        sa.Column("field", text(300)),
        sa.Column("key_prefix", text(12)),
        sa.Column("raw", text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rejected_events_project_id_id", "rejected_events", ["project_id", "id"])


def _rollup_tables() -> None:
    op.create_table(
        "event_counts",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("grain", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("event_name", text(100), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "verdict_counts",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("verdict", text(10), primary_key=True),
        sa.Column("code", text(40), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _reference(column: str, table: str, target: str) -> sa.Column[int]:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}")
    return sa.Column(column, sa.Integer(), key, nullable=False)
