"""Blocks know the rows of their events and what senders called them."""

from __future__ import annotations

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to do: a later revision has all blocks made anew, in which these columns are."""
