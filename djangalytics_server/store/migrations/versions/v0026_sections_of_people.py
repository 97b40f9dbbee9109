"""The events of a frequent name stand section by section of people: all blocks are made anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let go of every block: nothing is in one that is not in the events."""
    for table in ("block_days", "block_people", "block_columns", "block_projects", "blocks"):
        op.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - constants
