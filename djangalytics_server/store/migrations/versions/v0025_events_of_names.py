"""A name with many events in a block has a column of its own: all blocks are made anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let go of every block: nothing is in one that is not in the events."""
    for table in ("block_days", "block_people", "block_columns", "block_projects", "blocks"):
        op.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - constants
