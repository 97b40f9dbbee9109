"""Sign-ins by a provider are noted when they are used, and no longer when they begin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table in the place of the other; a sign-in under way must be begun again."""
    op.drop_table("pending_sign_ins")
    op.create_table(
        "used_sign_ins",
        sa.Column("hash", text(64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_used_sign_ins"),
    )
