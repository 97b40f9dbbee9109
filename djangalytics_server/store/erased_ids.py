"""The insert ids of erased events: what is sent once more after an erasure does not come back.

Of an erased event nothing stays but a 64-bit digest of its insert id, beside the project and the
number that the event had; with the project it goes too. Almost no event has to be looked up: an id
that grows with time and is newer than every erased one cannot be among them, and how new those are
is one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
_REMEMBER = (
    "INSERT INTO erased_keys (project_id, key, event_id) VALUES (?, ?, ?)"
    " ON CONFLICT (project_id, key) DO NOTHING"
)
# Project 0 has those of a time when nobody wrote down whose they were.
_FIND = "SELECT key, event_id FROM erased_keys WHERE project_id IN (0, ?) AND key IN ({})"
_LET_GO = "DELETE FROM insert_keys WHERE key = ? AND event_id = ?"


def repeats(connection: Link, events: Sequence[Event]) -> dict[int, int]:
    """Which of these were erased before: place in the list -> the id that the event had."""
    until = ask(connection, _READ_MARK, (UNTIL,))
    if not until:
        return {}
    newest = _beginning(int(str(until[0][0])))
    candidates: dict[int, dict[int, list[int]]] = {}
    for place, event in enumerate(events):
        project, insert_id = event[0], event[1]
        if insert_id[:13] <= newest or not grows_with_time(insert_id):
            keys = candidates.setdefault(project, {})
            keys.setdefault(key_of(project, insert_id), []).append(place)
    found: dict[int, int] = {}
    for project, places in candidates.items():
        _look_up(connection, project, places, found)
    return found


def _look_up(
    connection: Link, project_id: int, places: Mapping[int, list[int]], found: dict[int, int]
) -> None:
    """Add to ``found`` those of a project's keys that were erased."""
    keys = list(places)
    for start in range(0, len(keys), _LOOKUP):
        some = keys[start : start + _LOOKUP]
        question = _FIND.format(", ".join("?" * len(some)))
        for key, event_id in ask(connection, question, (project_id, *some)):
            found.update(dict.fromkeys(places[key], event_id))


def remember(connection: Link, events: Sequence[tuple[int, int, str]]) -> None:
    """These are being erased: (id, project, insert id) of each."""
    rows = {
        (project, key_of(project, insert_id)): event_id for event_id, project, insert_id in events
    }
    run(connection, _REMEMBER, [(*place, event_id) for place, event_id in sorted(rows.items())])
    run(connection, _LET_GO, [(key, event_id) for (_, key), event_id in rows.items()])
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
