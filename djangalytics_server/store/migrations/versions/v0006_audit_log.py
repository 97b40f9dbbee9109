"""The audit trail: who did what; nothing of the time before is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store import append_only
from djangalytics_server.store.columns import BIG_ID, text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and have the database refuse everything but new rows."""
    op.create_table(
        "audit_log",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.Integer()),
        sa.Column("actor", text(200), nullable=False),
        sa.Column("action", text(40), nullable=False),
        sa.Column("subject", text(300), nullable=False),
        sa.Column("address", text(64)),
        sa.Column("details", text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_project_id_id", "audit_log", ["project_id", "id"])
    for statement in append_only.statements(op.get_bind().dialect.name, "audit_log"):
        op.execute(statement)
