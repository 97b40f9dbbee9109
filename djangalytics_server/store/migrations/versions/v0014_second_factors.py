"""A second proof at sign-in, for those who want it; nobody has one yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("salt", text(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factors"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_second_factors_user_id"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("hash", text(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_recovery_codes_user_id"),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
