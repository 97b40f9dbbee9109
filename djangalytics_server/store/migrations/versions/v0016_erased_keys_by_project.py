"""Whose the digests of erased insert ids are, so that they go with their project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table anew. Where there was only ever one project all are its; else nobody's, 0."""
    op.rename_table("erased_keys", "erased_keys_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_erased_keys RENAME TO pk_erased_keys_before")
    op.create_table(
        "erased_keys",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("key", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO erased_keys (project_id, key, event_id)"
        " SELECT (SELECT CASE WHEN count(*) = 1 THEN min(id) ELSE 0 END FROM projects),"
        " key, event_id FROM erased_keys_before"
    )
    op.drop_table("erased_keys_before")
