"""Finds repeats among insert ids that do not grow with time, such as UUIDv4.

Ids that grow (UUIDv7, what our SDK makes) have a unique index: each lands at its right edge. A
random id lands anywhere, so with such an index every row dirties a page of its own, and the rate at
a million was less than half of that at a hundred thousand. They are therefore kept in two places:

* The newest are in memory, read from the events table itself, where they are as durable as the
  events. A process reads on from where it was before every append, so that several processes
  see each other's.
* Every hundred thousand events they go in one sorted pass into ``insert_keys``, as 64-bit digests
  beside the events' ids, so that each page of it is touched once for many ids.

A digest found in either place is only a hint: the event's own row decides. All of it happens
inside the append's transaction, of which there is one at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from djangalytics_server.store.link import Link
from djangalytics_server.store.statements import run

Place = tuple[int, str]
"""Project and insert id: what is stored once."""
Known = dict[Place, tuple[int, str, int]]
"""Place -> (event id, name, timestamp) of a stored event."""

TIME_ORDERED = (
    "length(insert_id) = 36 AND substr(insert_id, 15, 1) = '7' AND substr(insert_id, 9, 1) = '-'"
)
"""Insert ids written as UUIDv7. On SQLite only these are in the unique index, at whose right edge
they land; this module finds the repeats of all others."""

FLUSH_AT = 100_000
"""How many events may follow the last sorted pass; no more ids than these are in memory."""

_FEW = 1_000

_FIND_KEYS = "SELECT event_id FROM insert_keys WHERE key IN (SELECT value FROM json_each(?))"
_FIND_EVENTS = (
    "SELECT project_id, insert_id, id, event_name, timestamp FROM events"
    " WHERE id IN (SELECT value FROM json_each(?))"
)
_READ_ON = "SELECT id, project_id, insert_id FROM events WHERE id > ? ORDER BY id LIMIT ?"
_PRESENT = "SELECT id FROM events WHERE id > ? AND id <= ?"
_MARK = "insert_keys"
_SET_MARK = (
    "INSERT INTO marks (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def grows_with_time(insert_id: str) -> bool:
    """Whether it is written as a UUIDv7; the same as ``TIME_ORDERED`` in SQL."""
    return len(insert_id) == 36 and insert_id[14] == "7" and insert_id[8] == "-"


def key_of(project_id: int, insert_id: str) -> int:
    """A digest as a signed 64-bit integer."""
    digest = blake2b(f"{project_id} {insert_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class RandomIds:
    """The memory of one process; ``forget`` it whenever a transaction did not commit."""

    def __init__(self) -> None:
        self._newest: dict[int, tuple[int, ...]] = {}
        self._read_up_to = -1
        self._flushed_up_to = -1
        self._version = -1

    def forget(self) -> None:
        """Begin anew with what the database says."""
        self._newest = {}
        self._read_up_to = self._flushed_up_to = self._version = -1

    @property
    def is_light(self) -> bool:
        """Whether a few more events mean no long reading and no sorted pass."""
        known = self._version >= 0
        return known and self._read_up_to + _FEW < self._flushed_up_to + FLUSH_AT

    def catch_up(self, connection: Link) -> None:
        """Read what others have appended, or all that is not in ``insert_keys`` yet."""
        version = connection.exec_driver_sql("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        mark = connection.exec_driver_sql("SELECT value FROM marks WHERE name = ?", (_MARK,))
        row = mark.fetchone()
        flushed = row[0] if row else 0
        if flushed != self._flushed_up_to:
            self._newest, self._flushed_up_to, self._read_up_to = {}, flushed, flushed
        while rows := connection.exec_driver_sql(_READ_ON, (self._read_up_to, FLUSH_AT)).fetchall():
            new = [
                (event_id, key_of(project_id, insert_id))
                for event_id, project_id, insert_id in rows
                if not grows_with_time(insert_id)
            ]
            self.stored(connection, new, up_to=rows[-1][0])
        self._version = version

    def find(self, connection: Link, keys: Mapping[Place, int]) -> Known:
        """Those that are stored already, of places and their ``key_of``; ``catch_up`` first."""
        newest = self._newest
        hints = {event_id for key in keys.values() for event_id in newest.get(key, ())}
        found = connection.exec_driver_sql(_FIND_KEYS, (json.dumps(sorted(keys.values())),))
        hints.update(row[0] for row in found)
        if not hints:
            return {}
        rows = connection.exec_driver_sql(_FIND_EVENTS, (json.dumps(sorted(hints)),))
        return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}

    def stored(self, connection: Link, new: Iterable[tuple[int, int]], *, up_to: int) -> None:
        """Remember what was inserted: (event id, key) of those with a random id.

        ``up_to`` is the highest event id by now.
        """
        newest = self._newest
        for event_id, key in new:
            known = newest.get(key)
            newest[key] = (event_id,) if known is None else (*known, event_id)
        self._read_up_to = up_to
        if up_to - self._flushed_up_to >= FLUSH_AT:
            self._flush(connection)

    def _flush(self, connection: Link) -> None:
        # Events may have been removed since: nothing is kept of those.
        present = {
            row[0]
            for row in connection.exec_driver_sql(_PRESENT, (self._flushed_up_to, self._read_up_to))
        }
        rows = [
            (key, event_id)
            for key, ids in self._newest.items()
            for event_id in ids
            if event_id in present
        ]
        run(connection, "INSERT INTO insert_keys (key, event_id) VALUES (?, ?)", sorted(rows))
        run(connection, _SET_MARK, [(_MARK, self._read_up_to)])
        self._newest, self._flushed_up_to = {}, self._read_up_to
