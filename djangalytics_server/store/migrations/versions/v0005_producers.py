"""Producers: the numbers that senders gave their events, and what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBERS = (
    "started_at",
    "first_seen",
    "last_seen",
    "tracked",
    "highest",
    "received",
    "repeated",
    "late",
    "dropped",
    "unlisted",
    "unplaced",
    "settled",
    "merged",
)


def upgrade() -> None:
    """Make the table; of events that came before nobody knows the numbers."""
    op.create_table(
        "producers",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("producer_id", text(64), primary_key=True),
        sa.Column("host", text(200), nullable=False),
        sa.Column("process", text(200), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _NUMBERS),
        sa.Column("missing", text(), nullable=False),
        sa.Column("dropped_gaps", text(), nullable=False),
        sa.Column("lost", text(), nullable=False),
        sqlite_with_rowid=False,
    )
