"""From whose pages a project takes events, and from which sources; from no page, and any source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, as empty lists for the projects that are there."""
    for name in ("origins", "sources"):
        op.add_column(
            "projects", sa.Column(name, text(), nullable=False, server_default=sa.text("'[]'"))
        )
