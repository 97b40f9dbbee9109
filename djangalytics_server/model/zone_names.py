"""Which time zones there are."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """Names of the IANA zones this machine knows."""
    return frozenset(zoneinfo.available_timezones())
