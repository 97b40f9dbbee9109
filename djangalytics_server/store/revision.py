"""Which schema this version speaks, and how closely a file is looked at when it starts."""

from __future__ import annotations

HEAD = "0026"
"""The newest revision in ``store/migrations/versions``; a test compares the two."""

CHECKED_BYTES = 64 * 1024 * 1024
"""Up to this size the whole file is checked at start, which takes a fraction of a second."""
