"""How many requests were refused for their pace or origin, by project and UTC day."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from djangalytics_server.store.statements import run
from djangalytics_server.store.tables import VerdictCount

_VERDICT = "limited"
_ADD = (
    "INSERT INTO verdict_counts (project_id, day, verdict, code, count) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (project_id, day, verdict, code)"
    " DO UPDATE SET count = verdict_counts.count + excluded.count"
)
_MOST = 1_000


def note(connection: Connection, day: int, counts: Mapping[tuple[int, str], int]) -> None:
    """Add refusals of a day, by project and by what was limited ("key", "origin", …)."""
    rows = [(project_id, day, _VERDICT, kind, n) for (project_id, kind), n in counts.items()]
    run(connection, _ADD, rows)


def listed(connection: Connection, project_id: int) -> list[tuple[int, str, int]]:
    """(day, what was limited, requests), the newest first."""
    row = VerdictCount
    question = (
        select(row.day, row.code, row.count)
        .where(row.project_id == project_id, row.verdict == _VERDICT)
        .order_by(row.day.desc(), row.code)
        .limit(_MOST)
    )
    return [(day, kind, int(n)) for day, kind, n in connection.execute(question)]
