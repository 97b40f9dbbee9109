"""Refused events as they are kept, and the question for a page of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """A refused event: what was sent (JSON text), why it was refused, and what was around it.

    Times are microseconds since 1970 UTC; ``sent_at`` is by the sender's clock.
    """

    id: int
    project_id: int
    received_at: int
    code: str
    field: str | None
    key_prefix: str | None
    insert_id: str | None
    sent_at: int | None
    raw: str


@dataclass(frozen=True, slots=True)
class RejectedPage:
    """One page, newest first; ``before`` is the id it ends below. No ids means any."""

    project_id: int
    limit: int = 50
    before: int | None = None
    code: str | None = None
    ids: tuple[int, ...] = ()
