"""People of a block lie together and take a third: all blocks are made anew after the start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let go of every block: nothing is in one that is not in the events."""
    op.drop_table("block_people")
    for table in ("block_days", "block_columns", "block_projects", "blocks"):
        op.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - constants
    op.create_table(
        "block_people",
        sa.Column("first_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
