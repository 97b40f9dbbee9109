"""One person's events removed, and every trace of them in the rollups.

Who they are is read beside everybody else. Then they go, with the rollups corrected, in one
transaction; a person of very many events goes in several, each of which leaves the counts equal to
the events, so that ingest is never held up for long. What was read before a transaction is used in
it only if no other removal came between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, delete, func, select

from djangalytics_server.model.erasure import Erased
from djangalytics_server.model.event import Event
from djangalytics_server.store import corrections, erased_ids
from djangalytics_server.store.blocks import making, numbers
from djangalytics_server.store.corrections import Edges, Removed
from djangalytics_server.store.statements import ask, run
from djangalytics_server.store.tables import EventRow, RejectedEvent

STEP = 5_000
"""So many events go in one transaction."""

_PAGES_KIB = 16_000
"""Room for what one transaction overwrites, blocks thrown away among it."""
_REMOVALS = "removals"
_READ_MARK = "SELECT value FROM marks WHERE name = ?"
_COUNT_UP = (
    "INSERT INTO marks (name, value) VALUES (?, 1)"
    " ON CONFLICT (name) DO UPDATE SET value = marks.value + 1"
)
_TOTAL = "UPDATE erasures SET total = events + ? WHERE id = ?"
_NOTE = "UPDATE erasures SET events = events + ?, rejected = rejected + ? WHERE id = ?"
_FORGET = (
    "UPDATE erasures SET distinct_id = NULL,"
    " total = CASE WHEN events > total THEN events ELSE total END WHERE id = ?"
)
_LOOKUP = 500
_COLUMNS = (
    EventRow.project_id,
    EventRow.insert_id,
    EventRow.event_name,
    EventRow.timestamp,
    EventRow.received_at,
    EventRow.properties,
)


class _Sent(msgspec.Struct):
    """Of a refused event as it was sent, whom it names."""

    distinct_id: object = None
    user_id: object = None


_who = msgspec.json.Decoder(_Sent).decode


@dataclass(frozen=True, slots=True)
class Person:
    """Whose events: a project, and the id that its events call the person by."""

    project_id: int
    distinct_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """A person's events and kept refused events at one moment, and the highest ids then."""

    ids: Sequence[int]
    rejected: Sequence[int]
    seen: int
    seen_rejected: int

    def steps(self) -> Iterator[Sequence[int]]:
        """The ids in portions for one transaction each; none gives one empty portion."""
        for start in range(0, max(1, len(self.ids)), STEP):
            yield self.ids[start : start + STEP]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of a portion before its transaction: ``removals`` and ``seen`` date it."""

    gone: Removed
    edges: Edges
    removals: int
    seen: int


def find(connection: Connection, person: Person) -> Found:
    """Everything of the person that there is, from one state of the data."""
    return Found(
        _events_of(connection, person, 0),
        _rejected_of(connection, person, 0),
        _highest(connection, EventRow),
        _highest(connection, RejectedEvent),
    )


def prepare(connection: Connection, ids: Sequence[int]) -> Prepared:
    """Read what the removal of these events will change."""
    found = read(connection, ids)
    gone = corrections.removed(found, list(found.values()))
    return Prepared(
        gone,
        corrections.edges(connection, gone),
        removals(connection),
        _highest(connection, EventRow),
    )


def carry_out(connection: Connection, ready: Prepared) -> int:
    """Remove the events, correct the rollups; how many went. Inside a writer's transaction."""
    if removals(connection) != ready.removals:
        ready = prepare(connection, sorted(ready.gone.ids))
    gone, edges = ready.gone, ready.edges
    if not gone.events:
        return 0
    if edges:
        arrived = _read_since(connection, gone.events[0].project_id, ready.seen)
        edges = corrections.widened(edges, arrived)
    pairs = zip(sorted(gone.ids), gone.events, strict=True)
    erased_ids.remember(connection, [(i, e.project_id, e.insert_id) for i, e in pairs])
    making.drop(connection, gone.ids)
    delete_events(connection, sorted(gone.ids))
    corrections.take_out(connection, gone, edges)
    count_removal(connection)
    return len(gone.events)


def finish(connection: Connection, person: Person, found: Found) -> Erased:
    """What came since it was looked for, and the refused events; in the last transaction."""
    late = _events_of(connection, person, found.seen)
    events = carry_out(connection, prepare(connection, late)) if late else 0
    numbers.forget(connection, person.project_id, person.distinct_id)
    refused = [*found.rejected, *_rejected_of(connection, person, found.seen_rejected)]
    rejected = 0
    for start in range(0, len(refused), _LOOKUP):
        these = RejectedEvent.id.in_(refused[start : start + _LOOKUP])
        rejected += connection.execute(delete(RejectedEvent).where(these)).rowcount
    return Erased(events, rejected)


def note_total(connection: Connection, erasure_id: int, found: int) -> None:
    """So many events are to go, beside those that went before a crash."""
    run(connection, _TOTAL, [(found, erasure_id)])


def note(connection: Connection, erasure_id: int, gone: Erased, *, forget: bool = False) -> None:
    """What this transaction removed; ``forget``: it is the last, and the person's id goes too."""
    run(connection, _NOTE, [(gone.events, gone.rejected, erasure_id)])
    if forget:
        run(connection, _FORGET, [(erasure_id,)])


def removals(connection: Connection) -> int:
    """How often events were removed so far."""
    rows = ask(connection, _READ_MARK, (_REMOVALS,))
    return int(str(rows[0][0])) if rows else 0


def count_removal(connection: Connection) -> None:
    """Events are removed in this transaction: what was read before it may not hold any more."""
    run(connection, _COUNT_UP, [(_REMOVALS,)])


def delete_events(connection: Connection, ids: Sequence[int]) -> None:
    """Remove the events' rows."""
    for start in range(0, len(ids), _LOOKUP):
        these = EventRow.id.in_(ids[start : start + _LOOKUP])
        connection.execute(delete(EventRow).where(these))


@contextmanager
def overwriting(connection: Connection) -> Iterator[None]:
    """On SQLite, what is deleted within the block is overwritten in the file too.

    All those pages are kept until the commit, which writes each once.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql(f"PRAGMA cache_size = -{_PAGES_KIB}")
    connection.exec_driver_sql("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")
        connection.exec_driver_sql(f"PRAGMA cache_size = {before}")


def _events_of(connection: Connection, person: Person, after: int) -> list[int]:
    question = select(EventRow.id).where(EventRow.distinct_id == person.distinct_id)
    if after:  # few: the sum keeps the engine off the index, of which it would read all
        newer = EventRow.id > after, EventRow.project_id + 0 == person.project_id
        question = question.where(*newer)
    else:
        question = question.where(EventRow.project_id == person.project_id)
    return sorted(connection.scalars(question))


def _rejected_of(connection: Connection, person: Person, after: int) -> list[int]:
    question = select(RejectedEvent.id, RejectedEvent.raw).where(
        RejectedEvent.id > after, RejectedEvent.project_id == person.project_id
    )
    return [i for i, raw in connection.execute(question) if _names(raw, person.distinct_id)]


def _names(raw: str, distinct_id: str) -> bool:
    """Whether a refused event is about the person; it may be any JSON."""
    try:
        sent = _who(raw)
    except msgspec.DecodeError:
        return False
    return distinct_id in (sent.distinct_id, sent.user_id)


def _highest(connection: Connection, table: type[EventRow] | type[RejectedEvent]) -> int:
    return connection.scalar(select(func.max(table.id))) or 0


def read(connection: Connection, ids: Sequence[int]) -> dict[int, Event]:
    """The events that are there still, in the order of their ids."""
    found = {}
    for start in range(0, len(ids), _LOOKUP):
        question = select(EventRow.id, *_COLUMNS).where(
            EventRow.id.in_(ids[start : start + _LOOKUP])
        )
        found.update({row[0]: Event(*row[1:]) for row in connection.execute(question)})
    return dict(sorted(found.items()))


def _read_since(connection: Connection, project_id: int, seen: int) -> list[Event]:
    mine = EventRow.project_id + 0 == project_id  # the sum, as in ``_events_of``
    question = select(*_COLUMNS).where(EventRow.id > seen, mine)
    return [Event(*row) for row in connection.execute(question)]
