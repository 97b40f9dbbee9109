"""Event and property definitions, counted from what is there; more about refused events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Only SQLite files can be at the revision before this one.
_COUNT_EVENTS = """
INSERT INTO event_definitions (project_id, event_name, count, first_seen, last_seen)
SELECT project_id, event_name, count(*), min(timestamp), max(timestamp)
FROM events GROUP BY project_id, event_name
"""
_COUNT_PROPERTIES = """
INSERT INTO property_definitions
    (project_id, event_name, property, type, count, first_seen, last_seen)
SELECT e.project_id, e.event_name, p.key,
    CASE p.type
        WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number'
        WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean'
        WHEN 'array' THEN 'list' ELSE p.type
    END AS kind,
    count(*), min(e.timestamp), max(e.timestamp)
FROM events AS e, json_each(e.properties) AS p
GROUP BY e.project_id, e.event_name, p.key, kind
"""


def upgrade() -> None:
    """Make the tables and fill them."""
    op.create_table(
        "event_definitions",
        *_key("event_name"),
        *_seen(),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "property_definitions",
        *_key("event_name"),
        sa.Column("property", text(200), primary_key=True),
        sa.Column("type", text(8), primary_key=True),
        *_seen(),
        sqlite_with_rowid=False,
    )
    op.add_column("rejected_events", sa.Column("insert_id", text(100)))
    op.add_column("rejected_events", sa.Column("sent_at", sa.BigInteger()))
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_COUNT_EVENTS)
        op.execute(_COUNT_PROPERTIES)


def _key(name: str) -> tuple[sa.Column[int], sa.Column[str]]:
    return (
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column(name, text(100), primary_key=True),
    )


def _seen() -> tuple[sa.Column[int], ...]:
    return tuple(
        sa.Column(name, sa.BigInteger(), nullable=False)
        for name in ("count", "first_seen", "last_seen")
    )
