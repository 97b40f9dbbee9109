"""Events once more by columns, made beside the requests; on PostgreSQL they stay empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import BIG_ID, text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; a server fills them after its start."""
    op.create_table(
        "blocks",
        sa.Column("first_id", BIG_ID, primary_key=True, autoincrement=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "block_projects",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("first_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("times", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "block_columns",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", text(220), primary_key=True),
        sa.Column("first_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "block_people",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("first_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    for table in ("block_projects", "block_columns", "block_people"):
        op.create_index(f"ix_{table}_first_id", table, ["first_id"])
