"""Who made each key, when it was last used, and when it ends; old keys never do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for the keys that are there."""
    op.add_column("api_keys", sa.Column("created_by", text(100)))
    for name in ("last_used_at", "expires_at", "revoked_at"):
        op.add_column("api_keys", sa.Column(name, sa.BigInteger()))
