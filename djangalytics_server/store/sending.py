"""How much was sent with which key, by five minutes, for two days."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from djangalytics_server.model.sending import Sent
from djangalytics_server.store.statements import run
from djangalytics_server.store.tables import SendingCount

KEPT_SECONDS = 2 * 86_400
_ADD = (
    "INSERT INTO sending_counts"
    " (bucket, project_id, key_prefix, requests, events, refused_key, refused_address,"
    " refused_project)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (bucket, project_id, key_prefix) DO UPDATE SET"
    " requests = sending_counts.requests + excluded.requests,"
    " events = sending_counts.events + excluded.events,"
    " refused_key = sending_counts.refused_key + excluded.refused_key,"
    " refused_address = sending_counts.refused_address + excluded.refused_address,"
    " refused_project = sending_counts.refused_project + excluded.refused_project"
)
_FORGET = "DELETE FROM sending_counts WHERE bucket < ?"


def note(connection: Connection, bucket: int, sent: Mapping[int, list[Sent]]) -> None:
    """Add what came in the five minutes that begin at ``bucket`` (seconds), by project."""
    rows = [
        (bucket, project, one.key_prefix, one.requests, one.events, *_refused(one))
        for project, several in sent.items()
        for one in several
    ]
    run(connection, _ADD, rows)
    run(connection, _FORGET, [(bucket - KEPT_SECONDS,)])


def _refused(one: Sent) -> tuple[int, int, int]:
    return one.refused_key, one.refused_address, one.refused_project


def since(connection: Connection, project_id: int, bucket: int) -> list[Sent]:
    """What came with each key from ``bucket`` (seconds) on."""
    row = SendingCount
    refused = row.refused_key, row.refused_address, row.refused_project
    sums = (func.sum(column) for column in (row.requests, row.events, *refused))
    question = (
        select(row.key_prefix, *sums)
        .where(row.bucket >= bucket, row.project_id == project_id)
        .group_by(row.key_prefix)
        .order_by(row.key_prefix)
    )
    return [Sent(key, *(int(n) for n in counts)) for key, *counts in connection.execute(question)]
