"""How much of everything is taken: the one place that knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request; lengths in characters, sizes in bytes, served at /api/limits/."""

    event_name_length: int = 100
    insert_id_length: int = 100
    distinct_id_length: int = 200
    properties_keys: int = 255
    property_key_length: int = 200
    depth: int = 8
    event_bytes: int = 32 * 1024
    batch_events: int = 1_000
    body_bytes: int = 1024 * 1024
    inflated_bytes: int = 5 * 1024 * 1024


LIMITS = Limits()
