"""How long raw events are kept, and what those that are gone had been counted as."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; nothing went before."""
    op.create_table(
        "retention",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("days", sa.Integer(), nullable=False),
    )
    op.create_table(
        "expired_counts",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("event_name", text(100), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "expired_definitions",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("event_name", text(100), primary_key=True),
        sa.Column("property", text(200), primary_key=True),
        sa.Column("type", text(8), primary_key=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("count", "first_seen", "last_seen")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "expired_days",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
