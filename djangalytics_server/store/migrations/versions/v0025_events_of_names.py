"""A name with many events in a block has a column of its own."""

from __future__ import annotations

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to do: the next revision has all blocks made anew, in which these columns are."""
