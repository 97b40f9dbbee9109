"""Cohorts: people told apart by what they did, saved under a name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; there were none before."""
    op.create_table(
        "cohorts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("definition", text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", text(200), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cohorts_project_id_id", "cohorts", ["project_id", "id"])
