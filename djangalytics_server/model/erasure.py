"""Data that is removed on purpose: what was asked for, and what went."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Erased:
    """How much of one person was removed: stored events, and refused ones that were still kept."""

    events: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that somebody asked for, and how far it is.

    ``subject`` is the person's ``pseudonym``; ``state`` is "waiting", "running" or "done". ``of``
    is how many events there were, None until that is known. Times are in microseconds since 1970.
    """

    id: int
    subject: str
    state: str
    asked_by: str
    asked_at: int
    ended_at: int | None
    events: int
    of: int | None
    rejected: int


def pseudonym(distinct_id: str) -> str:
    """What the audit trail calls an erased person: who knows the id can tell, nobody else."""
    return f"sha256:{hashlib.sha256(distinct_id.encode('utf-8', 'replace')).hexdigest()[:16]}"
