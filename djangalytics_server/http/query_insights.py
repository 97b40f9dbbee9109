"""POST /api/query/: a question as JSON, told apart by its kind."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.http import body
from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.query import StoredEventSchema, event_json
from djangalytics_server.http.services import Services
from djangalytics_server.model.query import EventPage
from djangalytics_server.query import questions
from djangalytics_server.query.questions import Asked, EventsQuestion, Question
from djangalytics_server.wire import strict_json


class EventsAnswer(Schema):
    """One page of raw events, and where the next one begins: null at the end."""

    kind = fields.String(required=True, metadata={"enum": ["events"]})
    events = fields.List(fields.Nested(StoredEventSchema), required=True)
    next_cursor = fields.Integer(required=True, allow_none=True)


QUERY = Operation(
    "POST",
    "/api/query/",
    "One question about the project's events; its member kind says which.",
    {200: (EventsAnswer,)},
    (400, 401, 403, 413, 415, 503),
    body=(EventsQuestion,),
    key="read",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that answers questions of every kind."""
    blue = Blueprint("query_insights", __name__)

    def query() -> Response:
        project = access.reader(request)
        asked = Asked(project.id, project.time_zone, services.clock())
        question = questions.read(strict_json.read(body.read(request)), asked)
        return json_answer(_answer(question, services))

    registry.add(blue, QUERY, query)
    return blue


def _answer(question: Question, services: Services) -> dict[str, Any]:
    return _events(question, services)


def _events(page: EventPage, services: Services) -> dict[str, Any]:
    found = services.store.newest(page)
    more = len(found) == page.limit
    return {
        "kind": "events",
        "events": [event_json(event) for event in found],
        "next_cursor": found[-1].id if more else None,
    }
