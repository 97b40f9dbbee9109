"""An event, what may happen to it, and what the store says back.

Times are integers: microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, overload

if TYPE_CHECKING:
    from djangalytics_server.model.delivery import Numbering

Status = Literal["accepted", "duplicate", "rejected"]

Shape = tuple[tuple[str, ...], tuple[type, ...]]
"""The keys of an event's properties and the Python types of their values, in order."""

MICROSECONDS = 1_000_000
DAY_SECONDS = 86_400


@dataclass(slots=True)
class Draft:
    """An event as its sender wrote it, decoded; the ingest steps complete it.

    ``timestamp`` is None when the sender gave none. ``unknown`` are the names of fields we do
    not know.
    """

    event_name: str
    timestamp: int | None = None
    properties: str = "{}"
    insert_id: str | None = None
    distinct_id: str | None = None
    session_id: str | None = None
    source: str | None = None
    original_timestamp: int | None = None
    unknown: tuple[str, ...] = ()
    shape: Shape | None = None


class Event(NamedTuple):
    """An event that passed every step, ready to be stored: the row itself, in column order.

    After the columns comes ``shape``, that of the properties if the reader has seen it already.

    ``properties`` is compact JSON text of an object. ``original_timestamp`` is what the sender
    said, kept only when the clock correction changed it.
    """

    project_id: int
    insert_id: str
    event_name: str
    timestamp: int
    received_at: int
    properties: str = "{}"
    distinct_id: str | None = None
    session_id: str | None = None
    source: str | None = None
    original_timestamp: int | None = None
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an event was refused: a code of ``errors.REJECTIONS``, the field, and words."""

    code: str
    message: str
    field: str | None = None


class Decoded(NamedTuple):
    """One event of a request: its draft, or why there is none.

    ``raw`` makes the JSON text of what was sent, for keeping it when it is refused.
    """

    outcome: Draft | Rejection
    raw: Callable[[], str]
    insert_id: str | None = None


@dataclass(frozen=True, slots=True)
class Columns(Sequence[Decoded]):
    """The drafts of a request column by column, in the order they were sent; no unknown fields.

    ``span`` is the first and the last of ``timestamps``, or None when no event has any.
    ``raw`` makes the JSON text of what was sent at a place.
    """

    event_names: list[str]
    timestamps: list[int | None]
    properties: list[str]
    insert_ids: list[str | None]
    distinct_ids: list[str | None]
    session_ids: list[str | None]
    sources: list[str | None]
    shapes: list[Shape | None]
    span: tuple[int, int] | None
    raw: Callable[[int], str]

    def __len__(self) -> int:
        """How many events."""
        return len(self.event_names)

    @overload
    def __getitem__(self, place: int) -> Decoded: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Decoded]: ...
    def __getitem__(self, place: int | slice) -> Decoded | Sequence[Decoded]:
        """One event as it is judged by itself, or some."""
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        draft = Draft(
            self.event_names[place],
            self.timestamps[place],
            self.properties[place],
            self.insert_ids[place],
            self.distinct_ids[place],
            self.session_ids[place],
            self.sources[place],
            shape=self.shapes[place],
        )
        return Decoded(draft, partial(self.raw, place), draft.insert_id)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused event as it is kept: what was sent (JSON text) and why it was refused."""

    project_id: int
    index: int
    rejection: Rejection
    raw: str
    received_at: int
    insert_id: str | None = None
    key_prefix: str | None = None
    sent_at: int | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What one request asks the store to write, all or nothing."""

    project_id: int
    received_at: int
    events: tuple[Event, ...] = ()
    refused: tuple[Refused, ...] = ()
    numbering: Numbering | Rejection | None = None
    """Who numbered the events and how, or why that could not be read."""

    @property
    def size(self) -> int:
        """Rough weight in bytes, for the bound of the queue."""
        return sum([len(event.properties) + 400 for event in self.events]) + sum(
            len(refused.raw) + 400 for refused in self.refused
        )


class Stored(NamedTuple):
    """Where an event of a submission ended: new, or known already under ``event_id``.

    ``event_name`` and ``timestamp`` are those of the stored event: the first write wins.
    """

    status: Literal["accepted", "duplicate"]
    event_id: int
    insert_id: str
    event_name: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class AllNew(Sequence[Stored]):
    """What became of events that were all new, made when it is looked at; ids without a gap."""

    first_id: int
    events: Sequence[Event]

    def __len__(self) -> int:
        """How many events."""
        return len(self.events)

    @overload
    def __getitem__(self, place: int) -> Stored: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Stored]: ...
    def __getitem__(self, place: int | slice) -> Stored | Sequence[Stored]:
        """One event's end, or those of a run of events."""
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self.events))
            if step != 1:
                return [self[at] for at in range(start, stop, step)]
            return AllNew(self.first_id + start, self.events[start:stop])
        at = range(len(self.events))[place]
        event = self.events[at]
        name, when = event.event_name, event.timestamp
        return Stored("accepted", self.first_id + at, event.insert_id, name, when)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The store's answer to one submission, one entry an event, in the order sent."""

    stored: Sequence[Stored] = ()
    refused: tuple[Refused, ...] = field(default=())
    unnumbered: Rejection | None = None
    """Why the numbers of the events could not be read; the events are none the worse."""

    @property
    def accepted(self) -> int:
        """How many events are new on disk."""
        if isinstance(self.stored, AllNew):
            return len(self.stored)
        return sum(entry.status == "accepted" for entry in self.stored)

    @property
    def duplicates(self) -> int:
        """How many events were there before, or twice in the submission."""
        return len(self.stored) - self.accepted
