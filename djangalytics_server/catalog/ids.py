"""Ids of the catalog's rows, as addresses and bodies name them."""

from __future__ import annotations

LARGEST = 2**31 - 1
"""No engine's ids of these tables go beyond, and not every one may be asked for more."""
