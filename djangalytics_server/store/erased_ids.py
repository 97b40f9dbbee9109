"""The insert ids of erased events: what is sent once more after an erasure does not come back.

Of an erased event nothing stays but a 64-bit digest of its insert id, beside the number that the
event had. Almost no event has to be looked up: an id that grows with time and is newer than every
erased one cannot be among them, and how new those are is one row.
"""

from __future__ import annotations

from collections.abc import Sequence

from djangalytics_server.model.event import Event
from djangalytics_server.store.link import Link
from djangalytics_server.store.random_ids import grows_with_time, key_of
from djangalytics_server.store.statements import ask, run

UNTIL = "erased_until"
"""The mark with the newest time, in milliseconds, among erased insert ids that grow with it."""

_NEVER = -1
_ALWAYS = 2**48
_LOOKUP = 500
_READ_MARK = "SELECT value FROM marks WHERE name = ?"
_RAISE_MARK = (
    "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value ="
    " CASE WHEN excluded.value > marks.value THEN excluded.value ELSE marks.value END"
)
_REMEMBER = "INSERT INTO erased_keys (key, event_id) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
_FIND = "SELECT key, event_id FROM erased_keys WHERE key IN ({})"
_LET_GO = "DELETE FROM insert_keys WHERE key = ? AND event_id = ?"


def repeats(connection: Link, events: Sequence[Event]) -> dict[int, int]:
    """Which of these were erased before: place in the list -> the id that the event had."""
    until = ask(connection, _READ_MARK, (UNTIL,))
    if not until:
        return {}
    newest = _beginning(int(str(until[0][0])))
    candidates: dict[int, list[int]] = {}
    for place, event in enumerate(events):
        insert_id = event[1]
        if insert_id[:13] <= newest or not grows_with_time(insert_id):
            candidates.setdefault(key_of(event[0], insert_id), []).append(place)
    keys, found = list(candidates), {}
    for start in range(0, len(keys), _LOOKUP):
        some = tuple(keys[start : start + _LOOKUP])
        for key, event_id in ask(connection, _FIND.format(", ".join("?" * len(some))), some):
            found.update(dict.fromkeys(candidates[key], event_id))
    return found


def remember(connection: Link, events: Sequence[tuple[int, int, str]]) -> None:
    """These are being erased: (id, project, insert id) of each."""
    rows = [(key_of(project, insert_id), event_id) for event_id, project, insert_id in events]
    run(connection, _REMEMBER, sorted(dict(rows).items()))
    run(connection, _LET_GO, rows)
    newest = max((_milliseconds(insert_id) for _, _, insert_id in events), default=_NEVER)
    run(connection, _RAISE_MARK, [(UNTIL, newest)])


def _milliseconds(insert_id: str) -> int:
    """The time in an id that grows with it; one that only looks like it could be of any time."""
    if not grows_with_time(insert_id):
        return _NEVER
    try:
        return int(insert_id[:8] + insert_id[9:13], 16)
    except ValueError:
        return _ALWAYS


def _beginning(milliseconds: int) -> str:
    """How the newest ids of this time begin, in the order of text."""
    if milliseconds >= _ALWAYS:
        return "\U0010ffff"
    text = f"{max(0, milliseconds):012x}"
    return f"{text[:8]}-{text[8:]}" if milliseconds >= 0 else ""
