"""How fast a project may be sent to; without a limit of its own for those that are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and the one that counts what was too fast for the project."""
    for name in ("limit_rate", "limit_at_once"):
        op.add_column("projects", sa.Column(name, sa.Integer()))
    op.add_column(
        "sending_counts",
        sa.Column("refused_project", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
