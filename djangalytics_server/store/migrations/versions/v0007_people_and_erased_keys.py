"""The indexes on time end with the person; insert ids of erased events are remembered.

So people are counted without reading events, and what is sent once more stays away.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make each index anew, a column longer."""
    for columns in (["project_id", "timestamp"], ["project_id", "event_name", "timestamp"]):
        op.drop_index(f"ix_events_{'_'.join(columns)}", "events")
        longer = [*columns, "distinct_id"]
        op.create_index(f"ix_events_{'_'.join(longer)}", "events", longer)
    op.create_table(
        "erased_keys",
        sa.Column("key", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
