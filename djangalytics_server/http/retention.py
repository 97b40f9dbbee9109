"""How long a project keeps its raw events: shown with what it means, and changed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import audit, retention
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.http import body
from djangalytics_server.http.access import Access
from djangalytics_server.http.acting import actor
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.keeping import Run
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.query import parse
from djangalytics_server.query.params import RetentionParams
from djangalytics_server.wire import manage

_DAY = DAY_SECONDS * MICROSECONDS


class RunSchema(Schema):
    """The last removal of old events, or the one under way."""

    state = fields.String(required=True, metadata={"enum": ["running", "interrupted", "done"]})
    days = fields.Integer(required=True)
    began_at = fields.String(required=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    removed = fields.Integer(required=True)


class RetentionSchema(Schema):
    """How long raw events are kept (null: for ever), how many there are, and what becomes of them.

    ``due`` is how many arrived on UTC days that lie wholly before those that are kept.
    """

    days = fields.Integer(required=True, allow_none=True)
    events = fields.Integer(required=True)
    oldest = fields.String(required=True, allow_none=True, metadata={"format": "date"})
    removed = fields.Integer(required=True)
    due = fields.Integer(required=True)
    run = fields.Nested(RunSchema, required=True, allow_none=True)


_PROBLEMS = (400, 401, 403, 503)
LOOK = Operation(
    "GET",
    "/api/retention/",
    "How long raw events are kept, how many there are, and how far the removal of old ones is.",
    {200: RetentionSchema},
    _PROBLEMS,
    params=RetentionParams,
    key="admin",
)
CHANGE = Operation(
    "PATCH",
    "/api/retention/",
    "Keep raw events so many days from now on, or for ever. What is older goes at once.",
    {200: RetentionSchema},
    (*_PROBLEMS, 413, 415),
    body=manage.RetentionChangeSchema,
    key="admin",
)
_CHANGE = manage.RetentionChangeSchema()


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses that show and change it."""
    blue = Blueprint("retention", __name__)

    def look() -> Response:
        project = access.manager(request).project
        asked = parse.retention(request.args.to_dict(flat=False))
        return json_answer(_document(services, project.id, asked))

    def change() -> Response:
        manager = access.manager(request)
        days = manage.load(_CHANGE, body.read(request))["days"]
        project_id = manager.project.id
        with writing(services.session()) as session:
            retention.keep(session, project_id, days)
            doer = actor(manager.name, services.clock())
            subject = retention.words(days)
            audit.record(session, doer, "retention.change", subject, project_id=project_id)
        services.sweep()
        return json_answer(_document(services, project_id, None))

    registry.add(blue, LOOK, look)
    registry.add(blue, CHANGE, change)
    return blue


def _document(services: Services, project_id: int, asked: int | None) -> dict[str, Any]:
    """What there is, and how many events ``asked`` days (those in force if None) leave out."""
    session, now = services.session(), services.clock()
    days = retention.days(session, project_id)
    run = retention.last_run(session, project_id, now=now)
    judged = days if asked is None else asked
    before = None if judged is None else retention.cutoff(judged, now) // _DAY
    kept = services.store.kept(project_id, before)
    return {
        "days": days,
        "events": kept.events,
        "oldest": None if kept.oldest is None else render(kept.oldest * _DAY)[:10],
        "removed": kept.removed,
        "due": kept.due or 0,
        "run": None if run is None else _run_json(run),
    }


def _run_json(run: Run) -> dict[str, Any]:
    return {
        "state": run.state,
        "days": run.days,
        "began_at": render(run.began_at),
        "ended_at": None if run.ended_at is None else render(run.ended_at),
        "removed": run.removed,
    }
