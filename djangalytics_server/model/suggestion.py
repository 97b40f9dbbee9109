"""What to offer to somebody who types: names of events, properties, values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from djangalytics_server.model.query_filter import Scalar, Subject

Of = Literal["event_names", "properties", "values"]


@dataclass(frozen=True, slots=True)
class Typing:
    """What is being typed. ``subject`` is whose values; ``event_name`` narrows to one event.

    ``typed`` stands anywhere in what is offered, A to Z alike; empty: whatever is frequent.
    """

    project_id: int
    of: Of
    typed: str = ""
    limit: int = 50
    event_name: str | None = None
    subject: Subject | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """A look at one thing of the newest events by their own time, ``limit`` of them at most."""

    project_id: int
    subject: Subject
    event_name: str | None = None
    limit: int = 20_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to offer: in how many of the events looked at, and of which types it is."""

    value: Scalar
    count: int
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What is offered, the best first.

    ``events`` is how many events were looked at, back to the time ``since`` (microseconds since
    1970 UTC); None where the definitions, which know all of them, were. ``complete``: there is no
    event that was not taken into account.
    """

    of: Of
    offered: tuple[Suggestion, ...]
    events: int | None = None
    since: int | None = None
    complete: bool = True
