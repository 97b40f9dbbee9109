"""Who signs in by which provider as whom, and sign-ins that are under way there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; nobody has signed in that way yet."""
    op.create_table(
        "identities",
        sa.Column("issuer", text(300), nullable=False),
        sa.Column("subject", text(255), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identities_user_id"),
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"])
    op.create_table(
        "pending_sign_ins",
        sa.Column("hash", text(64), nullable=False),
        sa.Column("place", text(100), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_pending_sign_ins"),
    )
