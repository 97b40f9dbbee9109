"""Refused events: kept for a while, and let go once they are mended and stored after all."""

from __future__ import annotations

from collections.abc import Sequence

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS, Submission
from djangalytics_server.store.link import Link
from djangalytics_server.store.statements import ask, run

MOST = 10_000
"""How many refused events a project keeps; the oldest make room. Their counts stay."""

OLDEST = 30 * DAY_SECONDS * MICROSECONDS
"""Refused events older than this go when the next one comes."""

_SWEPT = 1_000
_INSERT = (
    "INSERT INTO rejected_events (project_id, received_at, code, field, key_prefix, insert_id,"
    " sent_at, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_TRIM = (
    "DELETE FROM rejected_events WHERE project_id = ? AND id <= (SELECT id FROM rejected_events"
    " WHERE project_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)"
)
# The oldest come first by id, so a step into the index finds them; a few at a time are enough.
_EXPIRE = (
    "DELETE FROM rejected_events WHERE project_id = ? AND received_at < ? AND id <="
    " (SELECT min(id) FROM rejected_events WHERE project_id = ?) + ?"
)
_UNCOUNT = (
    "UPDATE verdict_counts SET count = count - 1"
    " WHERE project_id = ? AND day = ? AND verdict = 'rejected' AND code = ?"
)
_FIND = "SELECT id, project_id, received_at, code FROM rejected_events WHERE id = ?"
_REMOVE = "DELETE FROM rejected_events WHERE id = ?"
_FORGET = "DELETE FROM verdict_counts WHERE project_id = ? AND verdict = 'rejected' AND count <= 0"


def keep(connection: Link, submissions: Sequence[Submission]) -> None:
    """Keep what was refused; make room by number and by age."""
    refused = [entry for submission in submissions for entry in submission.refused]
    rows = [
        (
            entry.project_id,
            entry.received_at,
            entry.rejection.code,
            _writable(entry.rejection.field),
            _writable(entry.key_prefix),
            _writable(entry.insert_id),
            entry.sent_at,
            _writable(entry.raw),
        )
        for entry in refused
    ]
    run(connection, _INSERT, rows)
    newest = {entry.project_id: entry.received_at for entry in refused}
    run(connection, _TRIM, [(p, p, MOST) for p in sorted(newest)])
    run(connection, _EXPIRE, [(p, newest[p] - OLDEST, p, _SWEPT) for p in sorted(newest)])


def _writable(text: str | None) -> str | None:
    """What a sender wrote, as far as every engine can keep it: it was refused, not checked."""
    if text is None:
        return None
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def release(connection: Link, ids: Sequence[int]) -> set[int]:
    """Let go of kept events that are about to be stored; those that were still there.

    They are no longer counted as refused: whoever stores them counts them as what they become.
    """
    found = [row for kept_id in sorted(set(ids)) for row in ask(connection, _FIND, (kept_id,))]
    run(connection, _REMOVE, [(kept_id,) for kept_id, _, _, _ in found])
    days = [(p, at // MICROSECONDS // DAY_SECONDS, code) for _, p, at, code in found]
    run(connection, _UNCOUNT, days)
    run(connection, _FORGET, sorted({(p,) for p, _, _ in days}))
    return {kept_id for kept_id, _, _, _ in found}
