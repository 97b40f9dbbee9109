"""The indexes on time end with the person, so that people are counted without reading events."""

from __future__ import annotations

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
