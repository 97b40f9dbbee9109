"""People have numbers, by which blocks tell them apart: all blocks are made anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and let go of every block: nothing is in one that is not in the events."""
    op.create_table(
        "block_numbers",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("distinct_id", text(200), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    for table in ("block_days", "block_people", "block_columns", "block_projects", "blocks"):
        op.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - constants
