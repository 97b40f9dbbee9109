"""Who is behind a request, as the audit trail names them."""

from __future__ import annotations

from flask import request
from sqlalchemy.orm import Session

from djangalytics_server.catalog import audit
from djangalytics_server.http.access import Member
from djangalytics_server.model.trail import Actor


def actor(name: str, now: int) -> Actor:
    """Somebody, at the address that this request came from."""
    return Actor(name, request.remote_addr, now)


def record(
    session: Session,
    member: Member,
    now: int,
    action: str,
    subject: str,
    **details: str | int | None,
) -> None:
    """A line about what a member does, in the trail of the project they speak of."""
    doer = actor(member.person.name, now)
    audit.record(session, doer, action, subject, project_id=member.project.id, **details)
