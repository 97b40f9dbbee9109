"""The one way in: submissions written in one transaction, with all that goes with them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from djangalytics_server.model.event import AllNew, Event, Receipt, Rejection, Stored, Submission
from djangalytics_server.store import erased_ids, rejections
from djangalytics_server.store.failures import Taken
from djangalytics_server.store.link import Link
from djangalytics_server.store.rollups import Defined, Written, roll_up


class Journal(Protocol):
    """What each engine does in its own way to be appended to; all else is the same SQL."""

    def writing(self, *, patient: bool = True) -> AbstractContextManager[Link]:
        """One transaction, alone among all writers; committed and synced when the block ends.

        Raises StoreUnavailable when the database or the disk fails; and Taken, instead of waiting
        for another writer or for what is to be done now and then, unless ``patient``.
        """

    def insert(self, connection: Link, events: Sequence[Event]) -> Sequence[Stored]:
        """Insert what is new; say for each event whether it was, and under which id it stands."""

    def ask(self, question: str, values: tuple[object, ...] = ()) -> Sequence[tuple[Any, ...]]:
        """The rows of a short question, with ``?`` for its values; raises StoreUnavailable."""

    def close(self) -> None:
        """Let go of every connection."""


class JournalAppender:
    """Keeps the part of ``store.base.Store`` that writes events."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._turn = threading.Lock()
        self._defined = Defined()

    def append(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """See ``Store.append``."""
        with self._turn:
            return self._append_in_turn(submissions, patient=True)

    def append_now(self, submissions: Sequence[Submission]) -> list[Receipt] | None:
        """See ``Appender.append_now``."""
        if not self._turn.acquire(blocking=False):
            return None
        try:
            return self._append_in_turn(submissions, patient=False)
        except Taken:
            return None
        finally:
            self._turn.release()

    def replay(self, mended: Sequence[tuple[int, Event]]) -> list[Stored | None]:
        """See ``Store.replay``."""
        with self._turn, self._journal.writing() as connection:
            present = rejections.release(connection, [kept_id for kept_id, _ in mended])
            submissions = [
                Submission(event.project_id, event.received_at, (event,))
                for kept_id, event in mended
                if kept_id in present
            ]
            receipts = iter(self._append(connection, submissions))
            return [next(receipts).stored[0] if k in present else None for k, _ in mended]

    def ask(self, question: str, values: tuple[object, ...] = ()) -> Sequence[tuple[Any, ...]]:
        """See ``Journal.ask``."""
        return self._journal.ask(question, values)

    def ping(self) -> None:
        """See ``Store.ping``."""
        self.ask("SELECT 1 FROM events LIMIT 1")

    def close(self) -> None:
        """See ``Store.close``."""
        with self._turn:
            self._journal.close()

    def _append_in_turn(self, submissions: Sequence[Submission], *, patient: bool) -> list[Receipt]:
        try:
            with self._journal.writing(patient=patient) as connection:
                return self._append(connection, submissions)
        except Taken:
            raise
        except BaseException:
            self._defined.forget()  # what was remembered may not be there
            raise

    def _append(self, connection: Link, submissions: Sequence[Submission]) -> list[Receipt]:
        events = [event for submission in submissions for event in submission.events]
        stored = self._insert(connection, events)
        receipts, start = [], 0
        for submission in submissions:
            end = start + len(submission.events)
            numbering = submission.numbering
            unread = numbering if isinstance(numbering, Rejection) else None
            receipts.append(Receipt(stored[start:end], submission.refused, unread))
            start = end
        outcomes = list(zip(submissions, receipts, strict=True))
        roll_up(connection, Written(_new(events, stored), outcomes, self._defined))
        rejections.keep(connection, submissions)
        return receipts

    def _insert(self, connection: Link, events: Sequence[Event]) -> Sequence[Stored]:
        """Insert what is new and was not erased before."""
        gone = erased_ids.repeats(connection, events)
        if not gone:
            return self._journal.insert(connection, events)
        rest = [event for place, event in enumerate(events) if place not in gone]
        others = iter(self._journal.insert(connection, rest))
        return [
            Stored("duplicate", gone[place], event.insert_id, event.event_name, event.timestamp)
            if place in gone
            else next(others)
            for place, event in enumerate(events)
        ]


def _new(events: Sequence[Event], stored: Sequence[Stored]) -> Sequence[Event]:
    """Those that were not there before."""
    if isinstance(stored, AllNew):
        return events
    pairs = zip(events, stored, strict=True)
    return [event for event, entry in pairs if entry.status == "accepted"]
