"""POST /api/query/: a question as JSON, told apart by its kind."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import cohorts as saved
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.http import body, exports, insights, sql
from djangalytics_server.http.access import Access
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.query import StoredEventSchema
from djangalytics_server.http.services import AnyQuestion, Services
from djangalytics_server.model.query import EventPage
from djangalytics_server.query import ask_sql, cohorts, parse, questions
from djangalytics_server.query.asked import Asked
from djangalytics_server.query.params import FormParams
from djangalytics_server.wire import exported, strict_json


class EventsAnswer(Schema):
    """One page of raw events, and where the next one begins: null at the end."""

    kind = fields.String(required=True, metadata={"enum": ["events"]})
    events = fields.List(fields.Nested(StoredEventSchema), required=True)
    next_cursor = fields.Raw(
        required=True,
        metadata={"type": ["integer", "string", "null"]},
    )
    plan = fields.String(required=True, metadata={"enum": ["events"]})


QUERY = Operation(
    "POST",
    "/api/query/",
    "One question about the project's events; its member kind says which.",
    {200: (EventsAnswer, *insights.ANSWERS)},
    (400, 401, 403, 413, 415, 503),
    body=tuple(type(schema) for schema, _ in questions.KINDS.values()),
    key="read",
)


EXPORT = Operation(
    "POST",
    "/api/export/",
    "The answer to any question as a table, or all events that pass it, as a file.",
    {200: "string"},
    (400, 401, 403, 413, 415, 501, 503),
    body=QUERY.body,
    params=FormParams,
    key="read",
    media=tuple(exported.MEDIA.values()),
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses that answer questions of every kind."""
    blue = Blueprint("query_insights", __name__)

    def answer(project: ProjectFacts, question: AnyQuestion) -> tuple[str, bool]:
        # Who waits for an answer would hold on to the state in which the catalog was read.
        services.session().close()
        return services.answers.answer(project.id, question, _gone)

    def query() -> Response:
        project = access.reader(request)
        question = questions.read(strict_json.read(body.read(request)), _asked(project, services))
        return _answered(*answer(project, question))

    def export() -> Response:
        project = access.reader(request)
        form = parse.form(request.args.to_dict(flat=False))
        asked = _asked(project, services)
        question = questions.read_whole(strict_json.read(body.read(request)), asked)
        if isinstance(question, EventPage):
            return exports.events_file(question, services, form)
        return exports.table_file(json.loads(answer(project, question)[0]), form)

    def statement() -> Response:
        project = access.reader(request)
        asked = Asked(project.id, project.time_zone, services.clock())
        question = ask_sql.read(strict_json.read(body.read(request)), asked)
        return _answered(*answer(project, question))

    registry.add(blue, QUERY, query)
    registry.add(blue, EXPORT, export)
    registry.add(blue, sql.SQL, statement)
    return blue


def _asked(project: ProjectFacts, services: Services) -> Asked:
    now = services.clock()

    def definition(cohort_id: int) -> object | None:
        return saved.definition(services.session(), project.id, cohort_id)

    known = cohorts.known(project.id, project.time_zone, now, definition)
    return Asked(project.id, project.time_zone, now, known)


def _answered(text: str, known: bool) -> Response:
    """The answer, and whether it was found before (RFC 9211)."""
    answer = Response(text, content_type="application/json")
    answer.headers["Cache-Status"] = f"djangalytics; {'hit' if known else 'fwd=miss'}"
    return answer


def _gone() -> bool:
    """Whether whoever asked has left, as far as the front can tell."""
    look = request.environ.get("waitress.client_disconnected")
    return bool(look is not None and look())
