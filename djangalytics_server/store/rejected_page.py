"""Refused events that are kept, page by page."""

from __future__ import annotations

from sqlalchemy import Connection, select

from djangalytics_server.model.rejected import Kept, RejectedPage
from djangalytics_server.store.tables import RejectedEvent


def listed(connection: Connection, page: RejectedPage) -> list[Kept]:
    """One page of what is kept, newest first."""
    row = RejectedEvent
    question = (
        select(
            row.id,
            row.project_id,
            row.received_at,
            row.code,
            row.field,
            row.key_prefix,
            row.insert_id,
            row.sent_at,
            row.raw,
        )
        .where(row.project_id == page.project_id)
        .order_by(row.id.desc())
        .limit(page.limit)
    )
    if page.before is not None:
        question = question.where(row.id < page.before)
    if page.code is not None:
        question = question.where(row.code == page.code)
    if page.ids:
        question = question.where(row.id.in_(page.ids))
    return [Kept(*found) for found in connection.execute(question)]
