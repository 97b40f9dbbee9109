"""Blocks know the rows of their events and what senders called them: all are made anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let go of every block: nothing is in one that is not in the events."""
    for table in ("block_days", "block_people", "block_columns", "block_projects", "blocks"):
        op.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - constants
