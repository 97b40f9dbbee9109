"""What a project's events are called and what they carry. Times are the events' own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PropertySeen:
    """A property of one event with values of one type: text, number, boolean, null, list, object.

    ``count`` is the number of events; ``first_seen`` and ``last_seen`` are microseconds since
    1970 UTC.
    """

    name: str
    type: str
    count: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An event that a project has, with its properties by name, then type."""

    event_name: str
    count: int
    first_seen: int
    last_seen: int
    properties: tuple[PropertySeen, ...] = ()
