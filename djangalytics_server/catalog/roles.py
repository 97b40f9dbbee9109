"""What people may do, by their role in an organisation: each may all that those before it may.

viewer    reads
analyst   captures events too
admin     manages projects, keys and people, owners apart
owner     makes owners, and deletes projects
"""

from __future__ import annotations

from typing import Literal

ROLES = ("viewer", "analyst", "admin", "owner")
"""From the least to the most."""

Right = Literal["read", "write", "manage", "own"]

_NEEDS: dict[Right, str] = {
    "read": "viewer",
    "write": "analyst",
    "manage": "admin",
    "own": "owner",
}


def may(role: str, right: Right) -> bool:
    """Whether a role has a right."""
    return ROLES.index(role) >= ROLES.index(_NEEDS[right])


def needed(right: Right) -> str:
    """The least role that has a right."""
    return _NEEDS[right]


def reaches(role: str, other: str) -> bool:
    """Whether who has ``role`` may give, change and take away ``other``."""
    return may(role, "manage") and ROLES.index(role) >= ROLES.index(other)
