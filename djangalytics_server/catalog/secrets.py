"""Secrets as we make and keep them: random, shown once, stored as SHA-256.

The secrets have 256 random bits, so a plain fast hash gives nothing away; see NIST SP 800-63B
5.1.2 on look-up secrets.
"""

from __future__ import annotations

import hashlib
import secrets as random


def make() -> str:
    """A new secret: 43 characters that fit in a URL."""
    return random.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret: its SHA-256, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
