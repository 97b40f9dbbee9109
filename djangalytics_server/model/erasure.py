"""Data that is removed on purpose: what was asked for, and what went."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Erased:
    """How much of one person was removed: stored events, and refused ones that were still kept."""

    events: int
    rejected: int


def pseudonym(distinct_id: str) -> str:
    """What the audit trail calls an erased person: who knows the id can tell, nobody else."""
    return f"sha256:{hashlib.sha256(distinct_id.encode('utf-8', 'replace')).hexdigest()[:16]}"
