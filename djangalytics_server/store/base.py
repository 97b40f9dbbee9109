"""The store's promise.

Everything above speaks to ``Store`` and never names an engine; ``store.opening`` finds the one that
a database URL means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from djangalytics_server.model.audit import Progress, TableCheck
from djangalytics_server.model.cohort import CohortPeople
from djangalytics_server.model.definitions import EventSeen
from djangalytics_server.model.delivery import Delivery, DeliveryPage
from djangalytics_server.model.erasure import Erased
from djangalytics_server.model.event import Event, Receipt, Stored, Submission
from djangalytics_server.model.insight import (
    Anonymous,
    Cell,
    Crowd,
    Heads,
    Moment,
    Raw,
    Scan,
    Stepped,
    Stream,
    Walk,
)
from djangalytics_server.model.keeping import Kept as KeptEvents
from djangalytics_server.model.numbers import Numbers
from djangalytics_server.model.query import Count, CountPlan, EventPage, StoredEvent, VerdictCounts
from djangalytics_server.model.query_filter import Members
from djangalytics_server.model.rejected import Kept, RejectedPage
from djangalytics_server.model.sending import Sent
from djangalytics_server.model.sql import SqlAnswer, SqlQuestion
from djangalytics_server.model.suggestion import Recent
from djangalytics_server.store.stopping import Stop


class Snapshot(Protocol):
    """One state of the data: whatever is asked of it, no event has come in between."""

    def count(self, plan: CountPlan) -> list[Count]:
        """Events by local bucket and name, only those above zero, in no order."""

    def bounds(self, project_id: int) -> tuple[int, int] | None:
        """From the start of the first to the end of the last UTC day with events, or None."""

    def newest(self, page: EventPage) -> list[StoredEvent]:
        """One page of raw events, newest first by arrival, or the latest first by ``timestamp``."""

    def looked_back(self, page: EventPage) -> Iterator[tuple[list[StoredEvent], int]]:
        """The same as they are found, some at a time, so that whoever asks may stop: each time the
        events, and the id above which all were looked at by now. At most one page's worth is
        wanted of it.
        """

    def oldest(self, page: EventPage) -> list[StoredEvent]:
        """The same as ``newest``, oldest first."""

    def scan(self, scan: Scan) -> list[Cell]:
        """Raw events by slot and group, only those above zero, in no order."""

    def crowds(self, scan: Scan) -> Iterator[Crowd]:
        """People by slot and group, slot after slot; of events that have a person."""

    def anonymous(self, scan: Scan) -> Iterator[Anonymous]:
        """The same people, slot after slot, where they need only be told apart. Of a scan without
        a breakdown.
        """

    def numbered(self, *scans: Scan) -> Sequence[Iterator[tuple[int, Numbers]]] | None:
        """The same of every slot of some scans, everyone by the same number in all of them; None
        where people have no numbers, or to look for them by their ids is better.
        """

    def heads(self, scan: Scan) -> Iterator[Heads]:
        """How many they are: what ``crowds`` would meet, where nobody need be told by name."""

    def walk(self, walk: Walk) -> Iterator[Moment]:
        """The events of people, by time, then by arrival."""

    def stepped(self, walk: Walk) -> Stepped | None:
        """The same of a walk through events of names, without a breakdown, by people's numbers;
        None where they have none, or to look for them by their ids is better.
        """

    def stream(self, stream: Stream) -> Iterator[Moment]:
        """Everybody's events, by time, then by arrival; a person is an id or a number."""

    def people(self, members: Members) -> tuple[int, int]:
        """How many people are in a cohort, and how many the project has."""

    def members(self, question: CohortPeople) -> list[str]:
        """The people of a cohort that are asked for, by code points."""

    def recent(self, look: Recent) -> Iterator[Sequence[tuple[int, Raw]]]:
        """Timestamp and raw value of the newest events by their own time, some at a time."""

    def event_names(self, project_id: int, typed: str, limit: int) -> list[tuple[str, int]]:
        """Names of events with a text in them, and their counts.

        Those that begin with it come first, then the most frequent, then by code points.
        """

    def properties(
        self, project_id: int, typed: str, event_name: str | None
    ) -> list[tuple[str, str, int]]:
        """Properties with a text in their name, by type, with their counts, in no order."""


class Appender(Protocol):
    """The part of a store that writes events, and may be open before the rest of it."""

    def append(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """See ``Store.append``."""

    def append_now(self, submissions: Sequence[Submission]) -> list[Receipt] | None:
        """Append a few events as ``append`` does; None, and nothing done, where that takes long:
        because another writes, or for what is to be done now and then.

        That the disk has them is waited for all the same.
        """

    def replay(self, mended: Sequence[tuple[int, Event]]) -> list[Stored | None]:
        """See ``Store.replay``."""

    def ask(self, question: str, values: tuple[object, ...] = ()) -> Sequence[tuple[Any, ...]]:
        """The rows of a short question in SQL, with ``?`` for its values.

        Raises StoreUnavailable.
        """

    def ping(self) -> None:
        """See ``Store.ping``."""

    def close(self) -> None:
        """Let go of every connection."""


class Reader(Protocol):
    """The part of a store that answers questions."""

    def snapshot(
        self, seconds: float | None = None, stop: Stop | None = None
    ) -> AbstractContextManager[Snapshot]:
        """One state of the data, for as long as the block lasts.

        What is asked of it after so many seconds or once it is to stop, or is still being looked
        for then, raises QuestionTimedOut.
        """

    def sql(self, question: SqlQuestion, seconds: float, stop: Stop | None = None) -> SqlAnswer:
        """The rows of a statement, which sees one project's events and can change nothing.

        Raises InvalidQuestion with the place of what is wrong, and QuestionTimedOut as
        ``snapshot`` does.
        """

    def make_room(self, gone: Callable[[], bool]) -> None:
        """What is called before each read that takes long, here or in another process.

        Where others who read for long have kept the engine from tidying up, it waits until that
        is done, or takes too long; ``gone`` says that nobody waits for the read any more.
        """

    def revision(self, project_id: int) -> tuple[int, ...]:
        """Numbers that are never the same again once an event of the project has come or gone.

        Nor once counts were mended.

        Ids grow, so of those up to the highest there are only ever fewer: how many were accepted
        and are not erased, and how many went by age, tell each state from every other. Events and
        mended counts of other projects may change it too.
        """

    def close(self) -> None:
        """Let go of every connection."""


class Store(Reader, Protocol):
    """What every engine promises.

    * ``append`` is atomic and durable: when it returns, every submission is committed and
      synced; when it raises, none of them left a trace, unless a connection to the database was
      lost during the commit. Then that is open, and the same insert ids are safe to send again.
    * (project, insert id) is unique for ever; the first write wins.
    * Rollups change in the transaction that stores the events: they are never behind.
    * Ids grow in the order of arrival, and a reader that has seen id n has seen all below n.
    """

    def append(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """Write all submissions in one transaction; one receipt each, in order.

        Raises StoreUnavailable when nothing could be written, or when nobody can tell.
        """

    def count(self, plan: CountPlan) -> list[Count]:
        """See ``Snapshot.count``."""

    def bounds(self, project_id: int) -> tuple[int, int] | None:
        """See ``Snapshot.bounds``."""

    def newest(self, page: EventPage) -> list[StoredEvent]:
        """See ``Snapshot.newest``."""

    def verdicts(self, project_id: int) -> VerdictCounts:
        """What became of everything this project was ever sent."""

    def definitions(
        self, project_id: int, event_names: Sequence[str], limit: int
    ) -> list[EventSeen]:
        """The project's most frequent events, those named or all, at most ``limit``."""

    def rejected(self, page: RejectedPage) -> list[Kept]:
        """One page of refused events that are still kept, newest first."""

    def delivery(self, page: DeliveryPage) -> Delivery:
        """What became of the numbers that producers gave their events."""

    def replay(self, mended: Sequence[tuple[int, Event]]) -> list[Stored | None]:
        """Store events that were refused and pass now, each with the id under which it is kept.

        In one transaction each is stored, or recognised as a duplicate, and no longer kept; its
        count moves from refused to what it became. None for an id that is not kept any more: of
        that one nothing is stored. Raises StoreUnavailable.
        """

    def recount(self, *, mend: bool = False, progress: Progress | None = None) -> list[TableCheck]:
        """Hold every rollup against the raw events; with ``mend``, write wrong rows anew.

        Reading sees one moment and holds nobody up; mending keeps other writers waiting. Raises
        StoreUnavailable.
        """

    def expire(
        self, project_id: int, before: int, go_on: Callable[[int], bool] = lambda gone: True
    ) -> int:
        """Remove the project's raw events that arrived before a moment, and keep every count.

        In short transactions, after each of which ``go_on`` is told how many went so far and says
        whether to go on. How many went. Raises StoreUnavailable.
        """

    def kept(self, project_id: int, before: int | None = None) -> KeptEvents:
        """How many raw events there are, and how many arrived before a UTC day and are due."""

    def note_sending(
        self, bucket: int, sent: Mapping[int, list[Sent]], limited: Mapping[tuple[int, str], int]
    ) -> None:
        """Add what came in the five minutes that begin at ``bucket`` (seconds), by project.

        ``limited`` are requests that were too fast, by project and "key" or "address": those are
        kept for ever. Raises StoreUnavailable.
        """

    def sending(self, project_id: int, bucket: int) -> list[Sent]:
        """What came with each of a project's keys from ``bucket`` (seconds) on."""

    def limited(self, project_id: int) -> list[tuple[int, str, int]]:
        """(day, "key" or "address", requests) of those that were too fast, the newest first."""

    def erase(
        self,
        project_id: int,
        distinct_id: str,
        progress: Progress | None = None,
        erasure_id: int | None = None,
    ) -> Erased:
        """Remove everything that bears the id, and correct every rollup with it.

        Each transaction leaves the rollups equal to the events; a person of at most
        ``erasing.STEP`` events goes in one. The events' insert ids stay taken: what is sent once
        more is a duplicate. ``erasure_id`` is the row of ``erasures`` in which each transaction
        notes what it removed, and the last one forgets the id. Raises StoreUnavailable.
        """

    def make_block(self, *, anew: bool) -> bool:
        """Lay down one more stretch of events by columns, if there is one; whether there was.

        Questions over very many events are read from those. ``anew``: also where some were thrown
        away since, because events were removed, and, where there is none, the people of one more
        day are counted. Raises StoreUnavailable.
        """

    def remove(self, project_id: int) -> int:
        """Remove what is kept of a project: all but its events, and of those a portion.

        The number of events that went; 0 when none is left. Until then its rollups are not true:
        nobody may ask for them any more. Raises StoreUnavailable.
        """

    def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""

    def close(self) -> None:
        """Let go of every connection."""
