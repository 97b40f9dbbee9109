"""Passwords: kept as argon2id, checked two at a time, so that nobody can starve the ingest.

19 MiB, two passes and one lane are what OWASP's cheat sheet on password storage gives first.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from djangalytics_server.catalog import secrets

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_turns = threading.BoundedSemaphore(2)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    """The hash that a password is held against where there is no account: as dear as any."""
    return _hasher().hash(secrets.make())


def digest(password: str) -> str:
    """What is stored of a password."""
    with _turns:
        return _hasher().hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the password; None for an account that has none, or is not there.

    Takes as long for those as for any other.
    """
    from argon2.exceptions import VerifyMismatchError

    with _turns:
        nobodys = _nobodys()
        try:
            right = _hasher().verify(kept or nobodys, password)
        except VerifyMismatchError:
            return False
    return right and kept is not None
