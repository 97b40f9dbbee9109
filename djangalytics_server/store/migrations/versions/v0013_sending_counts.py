"""How much is sent with which key, for the figures on limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; it counts from now on."""
    op.create_table(
        "sending_counts",
        sa.Column("bucket", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("key_prefix", text(12), primary_key=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("requests", "events", "refused_key", "refused_address")
        ),
        sqlite_with_rowid=False,
    )
