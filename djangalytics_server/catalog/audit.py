"""The audit trail: whoever changes keys, people, projects or data leaves a line here.

Call ``record`` in the transaction that makes the change, so that neither is there without the
other. There is no function that changes or removes a line, and the database refuses it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import eq, ge, lt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from djangalytics_server.model.sending import RateLimit
from djangalytics_server.model.trail import ACTIONS, Actor, AuditEntry, AuditPage
from djangalytics_server.store.tables import AuditRow

COMMAND_LINE = "command line"
"""The name of whoever uses the commands: the machine's own users, whom we do not know apart."""

_PAGE = 1_000


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: str,
    *,
    project_id: int | None = None,
    **details: str | int | None,
) -> None:
    """Add a line. ``action`` is one of ``model.trail.ACTIONS``; never put a secret into it."""
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not in model.trail.ACTIONS")
    session.add(
        AuditRow(
            at=actor.now,
            project_id=project_id,
            actor=actor.name[:200],
            action=action,
            subject=subject[:300],
            address=actor.address,
            details=json.dumps(details, ensure_ascii=False),
        )
    )


def told(wish: Mapping[str, Any]) -> dict[str, str | int]:
    """What was wished of something, as the details say it."""
    return {name: _words(value) for name, value in wish.items()}


def _words(value: Any) -> str | int:
    if value is None:
        return "none"
    if isinstance(value, RateLimit):
        return str(value)
    return " ".join(value) if isinstance(value, tuple) else value


def page(session: Session, asked: AuditPage) -> list[AuditEntry]:
    """One page of the trail, newest first."""
    row = AuditRow
    conditions = (
        (row.project_id, eq, asked.project_id),
        (row.id, lt, asked.before),
        (row.actor, eq, asked.actor),
        (row.action, eq, asked.action),
        (row.at, ge, asked.start),
        (row.at, lt, asked.end),
    )
    wanted = [holds(column, value) for column, holds, value in conditions if value is not None]
    question = select(row).where(*wanted).order_by(row.id.desc()).limit(asked.limit)
    return [_entry(found) for found in session.scalars(question)]


def every(session: Session, asked: AuditPage) -> Iterator[AuditEntry]:
    """All that fits the page's conditions, however much it is, newest first."""
    before = asked.before
    while True:
        found = page(session, replace(asked, limit=_PAGE, before=before))
        yield from found
        if len(found) < _PAGE:
            return
        before = found[-1].id


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        row.id,
        row.at,
        row.project_id,
        row.actor,
        row.action,
        row.subject,
        row.address,
        row.details,
    )
