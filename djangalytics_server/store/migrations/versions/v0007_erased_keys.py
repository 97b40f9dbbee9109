"""Digests of the insert ids of erased events, so that what is sent once more stays away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nothing was erased before."""
    op.create_table(
        "erased_keys",
        sa.Column("key", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
